import * as z from "zod/mini";
import { type Command, type Terminal, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import { readFlavour } from "../flavour/read-flavour.ts";
import { isVirtualMachine } from "../hypervisor/virtual-machine.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { mountedDataDisk } from "../record/data-disk.ts";
import { readRecords } from "../record/stages/read-records.ts";
import { readSettings } from "../settings/settings.ts";
import type { StageNotes } from "../stage/stage.ts";
import { machineId } from "./disk/last-machine.ts";
import { diskText, observeDisks } from "./observe/observe.ts";
import { type Plan, plan } from "./plan/plan.ts";
import { stepText } from "./plan/steps.ts";
import type { DryRunSaid } from "./said.ts";
import { runAutomount } from "./stage.ts";

const help = `automount: finds the data disk, sets it up if it asks to be set up, checks and mounts it.

  automount            do it now, as at boot
  automount --dry-run  show what would be done, and why each disk is or isn't used
  automount status     the same as --dry-run; for others than root, who may not look at disks,
                       what this boot has seen and done
  --json               the same as JSON

Which disks are formatted: see docs/data-disk.md.`;

/** As records have it: steps in words. */
function printable(planned: Plan) {
  return { ...planned, steps: planned.steps.map(stepText) };
}

/** Carried out by hand; only one at a time. */
const lockPath = "/run/boot2podman/automount.lock";

/** The command `automount`: what is found and decided, and the same again by hand. */
export const automountCommand: Command = {
  name: "automount",
  help,
  async run(words, kernel, terminal) {
    const { flags, operands } = parseWords(words, { "dry-run": "flag", json: "flag" });
    const [verb, ...more] = operands;
    if (more.length > 0 || (verb !== undefined && verb !== "status")) {
      throw new UsageError(`expected nothing or "status", found "${operands.join(" ")}"`);
    }
    const isJson = flags.has("json");
    const isRoot = kernel.uid() === 0;
    if (verb === "status" || flags.has("dry-run")) {
      return isRoot ? show(kernel, terminal, isJson) : showBoot(kernel, terminal, isJson);
    }
    if (!isRoot) {
      throw new Error("only root may use disks: sudo automount");
    }
    return carryOut(kernel, terminal, isJson);
  },
};

/** Looks and plans, writes nothing. */
async function show(kernel: Kernel, terminal: Terminal, isJson: boolean): Promise<number> {
  const { options: boot, warnings } = await readSettings(kernel);
  const options = boot.automount;
  const flavour = await readFlavour(kernel, boot.user);
  const disks = await observeDisks(kernel, flavour);
  const inVirtualMachine = isVirtualMachine(kernel);
  const planned = plan({ disks, options, flavour, inVirtualMachine, machine: machineId(kernel) });
  if (isJson) {
    const said = { options, disks, plan: printable(planned), warnings: [...warnings] };
    terminal.out(JSON.stringify(said satisfies DryRunSaid, undefined, 2));
    return 0;
  }
  const lines = [
    ...warnings,
    ...disks.filter(({ kind }) => kind === "disk").map(diskText),
    planned.message,
    ...planned.steps.map((step) => `  would ${stepText(step)}`),
    ...planned.notes.filter(({ row }) => row !== "not-a-disk").map(({ message }) => `  ${message}`),
  ];
  terminal.out(lines.join("\n"));
  return 0;
}

/** What the boot saw and did: who may not read disks can't tell what is on them. */
function showBoot(kernel: Kernel, terminal: Terminal, isJson: boolean): number {
  const record = readRecords(kernel).records.find(({ stage }) => stage === "automount");
  const dataDisk = mountedDataDisk(kernel.mounts());
  const onlyRoot = "only root may look at disks: sudo automount status";
  if (isJson) {
    terminal.out(
      JSON.stringify({ record: record ?? null, dataDisk, warnings: [onlyRoot] }, null, 2),
    );
    return 0;
  }
  const { data: seen = [] } = z.array(z.string()).safeParse(record?.observed);
  const lines =
    record === undefined
      ? [`This boot left no record of its search for a data disk; ${onlyRoot}`]
      : [
          `This is what the boot saw and did; ${onlyRoot}`,
          ...seen,
          `${record.result}: ${record.message}`,
          ...record.done.map((done) => `  ${done}`),
        ];
  const now =
    dataDisk === null
      ? "no data disk is mounted now"
      : `the data disk is ${dataDisk.partition} (${dataDisk.filesystem}), mounted at ${dataDisk.mount}`;
  terminal.out([...lines, now].join("\n"));
  return 0;
}

async function carryOut(kernel: Kernel, terminal: Terminal, isJson: boolean): Promise<number> {
  const lock = kernel.tryLock(lockPath);
  if (lock === undefined) {
    throw new Error("another automount is running");
  }
  try {
    const { options } = await readSettings(kernel);
    const notes: StageNotes = { observed: null, plan: null, done: [] };
    let later: Promise<void> | undefined;
    const outcome = await runAutomount({ kernel, options, notes }, (promise) => {
      later = promise;
    });
    await later;
    if (isJson) {
      const { observed, plan: planned, done } = notes;
      terminal.out(JSON.stringify({ ...outcome, observed, plan: planned, done }, undefined, 2));
    } else {
      terminal.out([...notes.done, outcome.message].join("\n"));
    }
    return 0;
  } finally {
    lock.release();
  }
}
