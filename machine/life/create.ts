import type { Driver } from "../driver/contract/driver.ts";
import type { Fetched, NewMachine } from "../driver/contract/new-machine.ts";
import { driverOf } from "../driver/drivers.ts";
import { checkNewConfig, type MachineConfig, writeConfig } from "../store/config.ts";
import { withLock } from "../store/lock.ts";
import { filesIn, type MachineFiles, machineFolder } from "../store/machine-files.ts";
import type { Machine } from "../store/machines.ts";
import { chooseFreePort, isPortFree, parsePortRange, portTaken } from "../store/port.ts";
import { type Host, portLock } from "./host.ts";
import { makeMachine } from "./make-machine.ts";

/**
 * Makes a machine and starts it; resolves when it runs. When it can't be made or doesn't start, no trace of it stays.
 */
export function createMachine(host: Host, name: string, wanted: NewMachine): Promise<Machine> {
  const driver = driverOf(host.store, wanted.driver);
  const files = filesIn(machineFolder(host.store, name));
  return makeMachine(host, name, "create", {
    async check() {
      if (wanted.fetch === undefined) {
        await driver.check({ name, files, config: configOf(host, driver, name, wanted, {}, 1) });
      }
    },
    fill: (unfinished) => fill(host, driver, name, wanted, unfinished),
    start: (machine) => driver.launch(machine, host.report),
  });
}

async function fill(
  host: Host,
  driver: Driver,
  name: string,
  wanted: NewMachine,
  files: MachineFiles,
): Promise<MachineConfig> {
  const fetched = (await wanted.fetch?.({ store: host.store, files }, host.report)) ?? {};
  const config = await withLock(portLock(host, `create ${name}`), async () => {
    const port = await choosePort(host, driver, name, wanted);
    const chosen = configOf(host, driver, name, wanted, fetched, port);
    await writeConfig(files.config, chosen);
    return chosen;
  });
  await driver.prepare({ name, files, config }, host.report);
  return config;
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
