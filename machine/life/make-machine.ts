import { mkdir, rename, rm } from "node:fs/promises";
import { isDiskFull } from "../../system-error.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import type { MachineConfig } from "../store/config.ts";
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
import { removeFolder } from "../store/remove-folder.ts";
import { syncFolder } from "../store/write-file.ts";
import { type Host, machineLock } from "./host.ts";

/** What a new machine is made of. */
export interface Making {
  /** Throws where nothing has been done yet. */
  check?(): Promise<void>;
  /** Fills its folder, which isn't that of a machine yet. */
  fill(files: MachineFiles): Promise<MachineConfig>;
  /** Resolves when it runs. */
  start(machine: Machine): Promise<void>;
}

/**
 * Makes a machine and starts it. It is made in a folder beside the others and renamed when it is whole; when it can't be
 * made or doesn't start, no trace of it stays.
 *
 * @param command for whoever waits for the machine's lock.
 */
export function makeMachine(
  host: Host,
  name: string,
  command: string,
  making: Making,
): Promise<Machine> {
  checkName(name);
  checkSocketPaths(filesIn(machineFolder(host.store, name)));
  return withLock(machineLock(host, name, command), async () => {
    if (await machineFolderExists(host.store, name)) {
      throw machineExists(name);
    }
    await making.check?.();
    const machine = await fill(host, name, making);
    try {
      await making.start(machine);
    } catch (error) {
      await driverOf(host.store, machine.config.DriverName).remove(machine);
      // What keeps the logs may still write its last words: it finds no folder of that name.
      const removed = removedFolder(host.store, name);
      await rename(machine.files.folder, removed);
      await removeFolder(removed);
      throw error;
    }
    // What the start wrote down is in there by now.
    return loadMachine(host.store, name);
  });
}

async function fill(host: Host, name: string, making: Making): Promise<Machine> {
  const unfinished = unfinishedFolder(host.store, name);
  const folder = machineFolder(host.store, name);
  // What a command that was killed left.
  await rm(unfinished, { recursive: true, force: true });
  await removeFolder(removedFolder(host.store, name));
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    const config = await making.fill(filesIn(unfinished));
    await rename(unfinished, folder);
    await syncFolder(machinesFolder(host.store));
    return { name, files: filesIn(folder), config };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw withoutRoom(error, folder);
  }
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
