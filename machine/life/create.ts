import { mkdir, rename, rm } from "node:fs/promises";
import { isDiskFull } from "../../system-error.ts";
import type { Driver } from "../driver/contract/driver.ts";
import type { Fetched, NewMachine } from "../driver/contract/new-machine.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { checkNewConfig, type MachineConfig, writeConfig } from "../store/config.ts";
import { withLock } from "../store/lock.ts";
import {
  checkSocketPaths,
  filesIn,
  machineFolder,
  machinesFolder,
  removedFolder,
  unfinishedFolder,
} from "../store/machine-files.ts";
import { loadMachine, type Machine, machineFolderExists } from "../store/machines.ts";
import { checkName, machineExists } from "../store/name.ts";
import { chooseFreePort, isPortFree, parsePortRange, portTaken } from "../store/port.ts";
import { syncFolder } from "../store/write-file.ts";
import { type Host, machineLock, portLock } from "./host.ts";

/**
 * Makes a machine and starts it; resolves when it runs. The machine is made in a folder beside the
 * others and renamed when it is whole; when it can't be made or doesn't start, no trace of it stays.
 */
export function createMachine(host: Host, name: string, wanted: NewMachine): Promise<Machine> {
  checkName(name);
  checkSocketPaths(filesIn(machineFolder(host.store, name)));
  return withLock(machineLock(host, name, "create"), async () => {
    if (await machineFolderExists(host.store, name)) {
      throw machineExists(name);
    }
    const driver = driverOf(host.store, wanted.driver);
    const machine = await make(host, driver, name, wanted);
    try {
      await driver.launch(machine, host.report);
    } catch (error) {
      await driver.remove(machine);
      // What keeps the logs may still write the last words of a machine that has just ended.
      await rm(machine.files.folder, { recursive: true, force: true, maxRetries: 10 });
      throw error;
    }
    // What the launch wrote down is in there by now.
    return loadMachine(host.store, name);
  });
}

async function make(
  host: Host,
  driver: Driver,
  name: string,
  wanted: NewMachine,
): Promise<Machine> {
  const unfinished = unfinishedFolder(host.store, name);
  const folder = machineFolder(host.store, name);
  const files = filesIn(unfinished);
  if (wanted.fetch === undefined) {
    await driver.check({ name, files, config: configOf(host, driver, name, wanted, {}, 1) });
  }
  // What a create or rm that was killed left.
  await rm(unfinished, { recursive: true, force: true });
  await rm(removedFolder(host.store, name), { recursive: true, force: true });
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    const fetched = (await wanted.fetch?.({ store: host.store, files }, host.report)) ?? {};
    const config = await withLock(portLock(host, `create ${name}`), async () => {
      const port = await choosePort(host, driver, name, wanted);
      const chosen = configOf(host, driver, name, wanted, fetched, port);
      await writeConfig(files.config, chosen);
      return chosen;
    });
    await driver.prepare({ name, files, config }, host.report);
    await rename(unfinished, folder);
    await syncFolder(machinesFolder(host.store));
    return { name, files: filesIn(folder), config };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw withoutRoom(error, folder);
  }
}

/** The port of this host that leads to its sshd; undefined where none has to. */
async function choosePort(
  host: Host,
  driver: Driver,
  name: string,
  { settings }: NewMachine,
): Promise<number | undefined> {
  if (!driver.forwardsPort(settings)) {
    return undefined;
  }
  const { SSHPort } = settings;
  if (SSHPort === undefined) {
    const range = "LocalPorts" in settings ? settings.LocalPorts : undefined;
    return chooseFreePort(host.store, parsePortRange(range ?? ""));
  }
  if (!(await isPortFree(SSHPort))) {
    throw portTaken(name, SSHPort);
  }
  return SSHPort;
}

function configOf(
  host: Host,
  driver: Driver,
  name: string,
  { driver: driverName, labels, rootful, connection, settings }: NewMachine,
  fetched: Fetched,
  sshPort: number | undefined,
): MachineConfig {
  const files = filesIn(machineFolder(host.store, name));
  const value = {
    ConfigVersion: 3,
    Driver: {
      IPAddress: "127.0.0.1",
      MachineName: name,
      SSHKeyPath: files.key,
      StorePath: host.store,
      ...settings,
      ...fetched,
      ...(driver.forwardsPort(settings)
        ? { SSHPort: sshPort, SSHPortFixed: settings.SSHPort !== undefined }
        : {}),
    },
    DriverName: driverName,
    HostOptions: {
      EngineOptions: { Labels: [...labels] },
      Rootful: rootful,
      Connection: connection,
    },
    Name: name,
  };
  return checkNewConfig(value, files.config);
}

function withoutRoom(error: unknown, folder: string): unknown {
  if (isDiskFull(error) || (error instanceof Error && isDiskFull(error.cause))) {
    return new MachineError(
      `No space on the host's disk for ${folder}: free some, or name another --storage-path.`,
      {
        cause: error,
      },
    );
  }
  return error;
}
