import { mkdir, rename, rm } from "node:fs/promises";
import type { Driver, Report } from "../driver/contract/driver.ts";
import { driverOf } from "../driver/drivers.ts";
import { Failure, systemErrorCode } from "../failure/failure.ts";
import { checkConfig, type DriverName, type MachineConfig, writeConfig } from "../store/config.ts";
import { withLock } from "../store/lock.ts";
import {
  checkSocketPaths,
  filesIn,
  type MachineFiles,
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

/** A machine to be made. */
export interface NewMachine {
  readonly driver: DriverName;
  /** The port of this host that leads to its sshd; undefined where the driver needs none. */
  readonly port?: {
    /** Undefined: a free one. */
    readonly chosen: number | undefined;
    /** MIN-MAX or empty. */
    readonly range: string;
  };
  /** As `key=value`. */
  readonly labels: readonly string[];
  readonly rootful: boolean;
  /** Whether podman and ssh of this host are told of it. */
  readonly connection: boolean;
  /** What config.json says of the driver, beside the port and the key. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Puts files into the new machine's folder, such as an ISO of its own. */
  readonly fetch?: (files: MachineFiles, report: Report) => Promise<void>;
}

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
      await rm(machine.files.folder, { recursive: true, force: true });
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
    await driver.check({ name, files, config: configOf(host, name, wanted, 1) });
  }
  // What a create or rm that was killed left.
  await rm(unfinished, { recursive: true, force: true });
  await rm(removedFolder(host.store, name), { recursive: true, force: true });
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    await wanted.fetch?.(files, host.report);
    const config = await withLock(portLock(host, `create ${name}`), async () => {
      const port = await choosePort(host, name, wanted);
      const chosen = configOf(host, name, wanted, port);
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

async function choosePort(
  host: Host,
  name: string,
  { port }: NewMachine,
): Promise<number | undefined> {
  if (port === undefined) {
    return undefined;
  }
  if (port.chosen === undefined) {
    return chooseFreePort(host.store, parsePortRange(port.range));
  }
  if (!(await isPortFree(port.chosen))) {
    throw portTaken(name, port.chosen);
  }
  return port.chosen;
}

function configOf(
  host: Host,
  name: string,
  wanted: NewMachine,
  sshPort: number | undefined,
): MachineConfig {
  const files = filesIn(machineFolder(host.store, name));
  const { labels, rootful, connection, port } = wanted;
  const value = {
    ConfigVersion: 3,
    Driver: {
      IPAddress: "127.0.0.1",
      MachineName: name,
      SSHKeyPath: files.key,
      StorePath: host.store,
      ...(sshPort === undefined ? {} : { SSHPort: sshPort }),
      ...(port === undefined
        ? {}
        : { SSHPortFixed: port.chosen !== undefined, LocalPorts: port.range }),
      ...wanted.settings,
    },
    DriverName: wanted.driver,
    HostOptions: {
      EngineOptions: { Labels: [...labels] },
      Rootful: rootful,
      Connection: connection,
    },
    Name: name,
  };
  return checkConfig(value, files.config);
}

function withoutRoom(error: unknown, folder: string): unknown {
  if (systemErrorCode(error) === "ENOSPC") {
    return new Failure(
      `No room on the host's disk for ${folder}: free some, or name another --storage-path.`,
      {
        cause: error,
      },
    );
  }
  return error;
}
