import { rename, rm } from "node:fs/promises";
import type { Observed } from "../driver/contract/driver.ts";
import { allDrivers, driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { withLock } from "../store/lock.ts";
import { machinesFolder, removedFolder, unfinishedFolder } from "../store/machine-files.ts";
import {
  loadMachine,
  type Machine,
  type MachinePlace,
  machineFolderExists,
  machinePlace,
} from "../store/machines.ts";
import { unknownMachine } from "../store/name.ts";
import { removeFolder } from "../store/remove-folder.ts";
import { syncFolder } from "../store/write-file.ts";
import { type Host, machineLock, observeTimeoutMs } from "./host.ts";
import { forget } from "./introduce.ts";
import { settled } from "./settle.ts";

/** Throws unless the store has something of that name. */
export async function checkRemovable(host: Host, name: string): Promise<void> {
  machinePlace(host.store, name);
  if (!(await machineFolderExists(host.store, name))) {
    throw unknownMachine(name);
  }
}

/**
 * Removes a machine with its disk. One that runs is only removed with `force`, which switches it
 * off. Works without a sound config.json too: whoever removes a machine needs none.
 */
export async function removeMachine(
  host: Host,
  name: string,
  options: { force: boolean },
): Promise<void> {
  await checkRemovable(host, name);
  const place = machinePlace(host.store, name);
  await withLock(machineLock(host, name, "rm"), async () => {
    await checkRemovable(host, name);
    const power = await powerOf(host, place);
    const { state } = await settled(place.files, power.observe);
    // Machines that others switch on and off only leave the list.
    if (state !== "Stopped" && power.isOurs) {
      if (!options.force) {
        throw new MachineError(
          `"${name}" is not stopped (${state}). Stop it first with "podman-machine stop ${name}", or use -f.`,
        );
      }
      await power.off();
    }
    await power.remove();
    const removed = removedFolder(host.store, name);
    await removeFolder(removed);
    // One step makes it gone; a crash while the files are deleted leaves no half of a machine.
    await rename(place.files.folder, removed);
    await syncFolder(machinesFolder(host.store));
    await removeFolder(removed);
    await rm(unfinishedFolder(host.store, name), { recursive: true, force: true });
  });
}

interface Power {
  readonly isOurs: boolean;
  observe(): Promise<Observed>;
  off(): Promise<void>;
  remove(): Promise<void>;
}

/** Without a sound config.json the drivers that know a machine by its folder say whether it is theirs. */
async function powerOf(host: Host, place: MachinePlace): Promise<Power> {
  const machine = await loadIfSound(host, place.name);
  if (machine === undefined) {
    return powerByFolder(host, place);
  }
  const driver = driverOf(host.store, machine.config.DriverName);
  return {
    isOurs: driver.isOurs,
    observe: () => driver.observe(machine, observeTimeoutMs),
    off: () => driver.kill(machine),
    remove: async () => {
      await forget(host, machine);
      await driver.remove(machine);
    },
  };
}

function powerByFolder(host: Host, place: MachinePlace): Power {
  const drivers = [...allDrivers(host.store).values()].flatMap(({ byFolder = [] }) => byFolder);
  const look = async () => {
    for (const driver of drivers) {
      const observed = await driver.observe(place, observeTimeoutMs);
      if (observed.state !== "Stopped") {
        return { observed, driver };
      }
    }
    return { observed: { state: "Stopped" } as const, driver: undefined };
  };
  return {
    isOurs: true,
    observe: async () => (await look()).observed,
    off: async () => (await look()).driver?.kill(place),
    remove: async () => undefined,
  };
}

async function loadIfSound(host: Host, name: string): Promise<Machine | undefined> {
  try {
    return await loadMachine(host.store, name);
  } catch (error) {
    if (error instanceof MachineError) {
      return undefined;
    }
    throw error;
  }
}
