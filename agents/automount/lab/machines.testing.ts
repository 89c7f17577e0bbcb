import { defaultBootOptions } from "../../settings/boot-options.ts";
import {
  type AutomountOptions,
  defaultAutomountOptions,
} from "../../settings/options/automount.ts";
import { bringKeysLate } from "../../sshkeys/stage.ts";
import type { BootAround, StageNotes } from "../../stage/stage.ts";
import { mebibyte } from "../../units/bytes.ts";
import { clientArchive } from "../archive/made-archives.testing.ts";
import { automountStage } from "../stage.ts";
import { type Cut, type Hardware, LabKernel, PowerCutError } from "./lab-kernel.testing.ts";
import { Platter } from "./platter.testing.ts";

/** Machines for tests, and what it takes to boot them. */

export const key = `ssh-ed25519 ${"A".repeat(68)} me@here\n`;
export const keyPath = "/home/tc/.ssh/authorized_keys";

/** A disk that starts with these bytes. */
export function platter(start: Uint8Array, sizeBytes = 256 * mebibyte, sectorBytes = 512): Platter {
  const made = new Platter(sizeBytes, sectorBytes);
  made.write(0, start);
  made.flush();
  return made;
}

/** A machine with these disks: vda, vdb, … */
export function machine(...disks: Platter[]): Hardware {
  const named = disks.map((disk, index) => [`vd${"abcdef"[index]}`, disk] as const);
  return { disks: new Map(named), filesystems: new Map() };
}

/** A machine whose only disk asks to be set up and brings a key. */
export function newMachine(sizeBytes?: number, sectorBytes?: number): Hardware {
  return machine(platter(clientArchive(key), sizeBytes, sectorBytes));
}

interface BootOptions {
  cut?: Cut;
  automount?: Partial<AutomountOptions>;
  /** Where the stage leaves its notes. */
  notes?: StageNotes;
  /** The boot around the stage; without it the stage runs as the command does. */
  around?: BootAround;
  /** Called before the stage runs. */
  prepare?(kernel: LabKernel): void;
}

/** Runs automount as the boot does. A stage that throws has failed. */
export async function boot(hardware: Hardware, given: BootOptions = {}) {
  const kernel = new LabKernel(hardware, given.cut);
  given.prepare?.(kernel);
  const notes: StageNotes = given.notes ?? { observed: null, plan: null, done: [] };
  const automount = { ...defaultAutomountOptions, ...given.automount };
  const options = { ...defaultBootOptions, automount };
  const context = { kernel, options, notes, boot: given.around };
  const outcome = await automountStage(bringKeysLate)
    .run(context)
    .catch(async (error: unknown) => {
      if (error instanceof PowerCutError) {
        return { result: "cut" as const, message: error.message };
      }
      if (!(error instanceof Error)) {
        throw error;
      }
      const plainOutcome = await automountStage(bringKeysLate).onFailure?.(context).catch(String);
      return { result: "failed" as const, message: `${error.message}; ${plainOutcome}` };
    });
  // What goes on in the background ends, or meets the power cut.
  await new Promise((resolve) => setImmediate(resolve));
  kernel.switchOff();
  return { kernel, ...outcome, done: notes.done };
}

/** The first bytes of a disk as text. */
export function firstBytes(hardware: Hardware, length: number, disk = "vda"): string {
  const bytes = hardware.disks.get(disk)?.read(0, length) ?? new Uint8Array();
  return Buffer.from(bytes).toString("latin1");
}

/** A machine whose disk was set up on an earlier boot. */
export async function usedMachine(): Promise<Hardware> {
  const hardware = newMachine();
  await boot(hardware);
  return hardware;
}

/** What was changed on disks outside their filesystems. */
export function deviceWrites(kernel: LabKernel): string[] {
  return kernel.journal.filter((line) =>
    /^(writeBlock|fsyncBlock|rereadPartitions|resizePartition)/.test(line),
  );
}
