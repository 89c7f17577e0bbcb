import { join } from "node:path";
import { podmanUrl } from "../client/addresses.ts";
import { hostKeysIn, knownHostName, updateKnownHosts } from "../client/known-hosts.ts";
import { type Connection, connectPodman } from "../client/podman-connection.ts";
import { includedSshConfig } from "../client/ssh-config.ts";
import { driverOf } from "../driver/drivers.ts";
import { sshClientVersion } from "../ssh/client-version.ts";
import { keyPath } from "../store/config.ts";
import { withLock } from "../store/lock.ts";
import type { Machine } from "../store/machines.ts";
import { writeFileAtomic } from "../store/write-file.ts";
import { type Host, lockTimeoutMs } from "./host.ts";

/**
 * Tells the programs of this host about a machine that is ready: ssh by a file to include, podman
 * by its connections, both by known_hosts. What can't be told is a warning: the machine works.
 */
export async function introduce(host: Host, machine: Machine): Promise<void> {
  const { DriverName, Driver, HostOptions } = machine.config;
  const driver = driverOf(host.store, DriverName);
  if (!driver.hasLogin) {
    return;
  }
  const target = driver.sshTarget(machine);
  await writeFileAtomic(
    machine.files.sshConfig,
    includedSshConfig(target, await sshClientVersion()),
    0o600,
  );
  if (host.person === undefined || !HostOptions.Connection) {
    return;
  }
  const keys = await hostKeysIn(machine.files.knownHosts);
  await tell(
    host,
    machine,
    connectionsOf(machine),
    knownHostName(Driver.IPAddress, Driver.SSHPort),
    keys,
  );
}

/** Makes the programs of this host forget a machine. */
export async function forget(host: Host, machine: Machine): Promise<void> {
  const { DriverName, Driver, HostOptions } = machine.config;
  const { hasLogin } = driverOf(host.store, DriverName);
  if (host.person !== undefined && HostOptions.Connection && hasLogin) {
    await tell(host, machine, [], knownHostName(Driver.IPAddress, Driver.SSHPort), []);
  }
}

/** The names that lead to a machine's podman: its own, and one for the other user. */
export function connectionsOf(machine: Machine): Connection[] {
  const { Rootful } = machine.config.HostOptions;
  const identity = keyPath(machine.files.folder, machine.config) ?? "";
  return [
    { name: machine.name, uri: podmanUrl(machine, Rootful), identity },
    {
      name: `${machine.name}-${Rootful ? "user" : "root"}`,
      uri: podmanUrl(machine, !Rootful),
      identity,
    },
  ];
}

async function tell(
  host: Host,
  machine: Machine,
  connections: readonly Connection[],
  hostName: string,
  keys: readonly string[],
): Promise<void> {
  const { person } = host;
  if (person === undefined) {
    return;
  }
  const lock = {
    store: host.store,
    name: ".clients",
    command: "start",
    timeoutMs: lockTimeoutMs,
  };
  await withLock(lock, async () => {
    const path = join(person.home, ".ssh", "known_hosts");
    try {
      // A machine of another's is known by ssh itself, or not.
      if (driverOf(host.store, machine.config.DriverName).isOurs) {
        await updateKnownHosts(path, hostName, keys);
      }
    } catch (error) {
      host.report.warn(
        `${path} could not be updated: ${error instanceof Error ? error.message : error}`,
      );
    }
    for (const line of await connectPodman(person.environment, connections, machine.files.folder)) {
      host.report.warn(line);
    }
  });
}
