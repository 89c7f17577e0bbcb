import { lstat, readdir } from "node:fs/promises";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { type ConfigOf, type MachineConfig, readConfig } from "./config.ts";
import type { DriverName } from "./driver-config.ts";
import { filesIn, type MachineFiles, machineFolder, machinesFolder } from "./machine-files.ts";
import { checkName } from "./name.ts";

/** A machine's name and folder: all that is needed to look at it and to end it. */
export interface MachinePlace {
  readonly name: string;
  readonly files: MachineFiles;
}

/** A machine as the store has it. */
export interface Machine<N extends DriverName = DriverName> extends MachinePlace {
  readonly config: ConfigOf<N>;
}

/** The names of all machines, in the order in which a person counts: box2 before box10. */
export async function machineNames(store: string): Promise<string[]> {
  let names: string[];
  try {
    const entries = await readdir(machinesFolder(store), { withFileTypes: true });
    names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
  const order = new Intl.Collator("en", { numeric: true });
  return names.filter((name) => !name.startsWith(".")).sort(order.compare);
}

/** Where a machine of that name lies, or would. Throws when it can't be a machine's name. */
export function machinePlace(store: string, name: string): MachinePlace {
  checkName(name);
  return { name, files: filesIn(machineFolder(store, name)) };
}

/** Reads a machine. Throws when there is none of that name, or its config.json is wrong. */
export async function loadMachine(store: string, name: string): Promise<Machine> {
  const place = machinePlace(store, name);
  return { ...place, config: await readConfig(place.files.config, name) };
}

/** A machine of one driver. Throws for one of another: the caller has asked its config before. */
export function ofDriver<N extends DriverName>(machine: Machine, name: N): Machine<N> {
  const { config } = machine;
  if (!isOf(config, name)) {
    throw wrongDriver(machine, name);
  }
  return { ...machine, config };
}

/** The error for a machine of another driver than the ones that are meant. */
export function wrongDriver({ name, config }: Machine, meant: string): MachineError {
  return new MachineError(
    `"${name}" is a machine of the driver ${config.DriverName}: this is for ${meant}.`,
  );
}

function isOf<N extends DriverName>(config: MachineConfig, name: N): config is ConfigOf<N> {
  return config.DriverName === name;
}

/** Whether the store has a folder for a machine of that name, sound or not. */
export async function machineFolderExists(store: string, name: string): Promise<boolean> {
  try {
    await lstat(machineFolder(store, name));
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return false;
    }
    throw error;
  }
}
