import { mkdir, rename, rm } from "node:fs/promises";
import type { Driver } from "../driver/driver.ts";
import { driverOf } from "../driver/drivers.ts";
import { type MachineConfig, writeConfig } from "../store/config.ts";
import { withLock } from "../store/lock.ts";
import {
  checkSocketPaths,
  filesIn,
  machineFolder,
  machinesFolder,
  removedFolder,
  unfinishedFolder,
} from "../store/machine-files.ts";
import { type Machine, machineFolderExists } from "../store/machines.ts";
import { checkName, machineExists } from "../store/name.ts";
import { chooseFreePort, isPortFree, parsePortRange, portTaken } from "../store/port.ts";
import { syncFolder } from "../store/write-file.ts";
import { type Host, machineLock, portLock } from "./host.ts";

/** What a person can choose of a new machine. */
export interface MachineChoices {
  readonly memoryMib: number;
  readonly cpus: number;
  readonly diskSizeMib: number;
  /** Folder of the image. */
  readonly image: string;
  readonly boot: "kernel" | "iso";
  readonly accelerator: "auto" | "kvm" | "tcg";
  /** Undefined: a free one. */
  readonly sshPort: number | undefined;
  /** MIN-MAX or empty. */
  readonly localPorts: string;
  readonly sshUser: string;
  /** Empty: the one for the image. */
  readonly program: string;
  readonly kernelArguments: string;
}

/**
 * Makes a machine and starts it; resolves when its QEMU runs. The machine is made in a folder
 * beside the others and renamed when it is whole; when it can't be made or QEMU doesn't start, no
 * trace of it stays.
 */
export function createMachine(host: Host, name: string, choices: MachineChoices): Promise<Machine> {
  checkName(name);
  checkSocketPaths(filesIn(machineFolder(host.store, name)));
  return withLock(machineLock(host, name, "create"), async () => {
    if (await machineFolderExists(host.store, name)) {
      throw machineExists(name);
    }
    const driver = driverOf(host.store, "qemu");
    const machine = await make(host, driver, name, choices);
    try {
      await driver.launch(machine, host.report);
    } catch (error) {
      await rm(machine.files.folder, { recursive: true, force: true });
      throw error;
    }
    return machine;
  });
}

async function make(
  host: Host,
  driver: Driver,
  name: string,
  choices: MachineChoices,
): Promise<Machine> {
  const unfinished = unfinishedFolder(host.store, name);
  const folder = machineFolder(host.store, name);
  const files = filesIn(unfinished);
  await driver.check({ name, files, config: configOf(host, name, choices, 1) });
  // What a create or rm that was killed left.
  await rm(unfinished, { recursive: true, force: true });
  await rm(removedFolder(host.store, name), { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  try {
    const port = await withLock(portLock(host, `create ${name}`), async () => {
      const chosen = await choosePort(host, name, choices);
      await writeConfig(files.config, configOf(host, name, choices, chosen));
      return chosen;
    });
    const config = configOf(host, name, choices, port);
    await driver.prepare({ name, files, config }, host.report);
    await rename(unfinished, folder);
    await syncFolder(machinesFolder(host.store));
    return { name, files: filesIn(folder), config };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function choosePort(host: Host, name: string, choices: MachineChoices): Promise<number> {
  if (choices.sshPort === undefined) {
    return chooseFreePort(host.store, parsePortRange(choices.localPorts));
  }
  if (!(await isPortFree(choices.sshPort))) {
    throw portTaken(name, choices.sshPort);
  }
  return choices.sshPort;
}

function configOf(
  host: Host,
  name: string,
  choices: MachineChoices,
  sshPort: number,
): MachineConfig {
  return {
    ConfigVersion: 3,
    Driver: {
      IPAddress: "127.0.0.1",
      MachineName: name,
      SSHUser: choices.sshUser,
      SSHPort: sshPort,
      SSHPortFixed: choices.sshPort !== undefined,
      SSHKeyPath: filesIn(machineFolder(host.store, name)).key,
      StorePath: host.store,
      LocalPorts: choices.localPorts,
      Memory: choices.memoryMib,
      DiskSize: choices.diskSizeMib,
      CPU: choices.cpus,
      Program: choices.program,
      Network: "user",
      Boot: choices.boot,
      Image: choices.image,
      Accelerator: choices.accelerator,
      KernelArguments: choices.kernelArguments,
    },
    DriverName: "qemu",
    HostOptions: {},
    Name: name,
  };
}
