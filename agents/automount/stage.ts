import { dirname } from "node:path";
import { oneLine } from "../command/one-line.ts";
import type { Flavour } from "../flavour/flavour.ts";
import { readFlavour } from "../flavour/read-flavour.ts";
import { isVirtualMachine } from "../hypervisor/virtual-machine.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { noHooksPath } from "../kernel/state-folder.ts";
import type { AutomountOptions } from "../settings/options/automount.ts";
import type { Stage, StageContext, StageOutcome } from "../stage/stage.ts";
import { type Applied, applyPlan } from "./apply/apply.ts";
import { diskText } from "./observe/observe.ts";
import type { Plan } from "./plan/plan.ts";
import { stepText } from "./plan/steps.ts";
import { seedHomePlainly } from "./seed-home-plainly.ts";
import { observeAndPlan, type Planned } from "./wait-for-disk.ts";

const deadlineMs = 45_000;
/** A machine that took long to come here takes long for a check too, however small the disk is. */
const longCheckPerUptime = 10;

/**
 * Finds the data disk, sets it up where it is asked to, checks and mounts it. `bringLate` is asked to serve what a
 * disk brings that came after the boot had gone on without it, and says what it did.
 */
export const automountStage = (bringLate: (context: StageContext) => Promise<string>): Stage => ({
  name: "automount",
  needs: ["devices", "mounts"],
  deadlineMs,
  async run(context) {
    const { kernel, boot } = context;
    const outcome = await runAutomount(context);
    if (boot?.hasGoneOn !== true) {
      return outcome;
    }
    // The console was told that the boot goes on without it.
    kernel.tellConsole(`automount: ${outcome.message}`);
    // sshkeys didn't wait any longer and has looked for what is on this disk, without finding it.
    return { ...outcome, message: `${outcome.message}; ${await bringLate(context)}` };
  },
  onFailure: async ({ kernel, options }) =>
    seedHomePlainly(kernel, await readFlavour(kernel, options.user)),
});

/**
 * As the stage; also for the command, which waits for what goes on in the background. Throws what kept the data
 * disk from being used, after userdata is saved.
 */
export async function runAutomount(
  context: StageContext,
  onLater: (later: Promise<void>) => void = () => undefined,
): Promise<StageOutcome> {
  const { kernel, options, notes, boot } = context;
  const startedMs = kernel.uptimeMs();
  const flavour = await readFlavour(kernel, options.user);
  const planned = await observeAndPlan(
    kernel,
    options.automount,
    flavour,
    isVirtualMachine(kernel),
  );
  notes.observed = planned.disks.map(diskText);
  notes.done.push(`look at ${planned.disks.length} disks (${sinceMs(kernel, startedMs)} ms)`);
  notes.plan = { ...planned.plan, steps: planned.plan.steps.map(stepText) };
  // Before the disk is mounted: nothing of it runs in between.
  const areHooksOff = holdHooks(kernel, planned.plan, options.automount);
  const applied = await applyOrExplain(kernel, planned, flavour, { notes, boot });
  onLater(applied.later);
  const lines = [planned.plan.message, ...applied.warnings];
  if (applied.warnings.length > 0) {
    throw new Error(lines.join("; "));
  }
  if (applied.mounted === undefined) {
    return withoutDisk(kernel, planned.plan, lines);
  }
  const { node, folder, readOnly } = applied.mounted;
  const how = readOnly ? " read-only" : "";
  if (areHooksOff) {
    lines.push("its hooks don't run (boot2podman.hooks)");
  }
  return { result: "ok", message: [`${node} on ${folder}${how}`, ...lines].join("; ") };
}

/**
 * Keeps scripts of the data disk from running where the settings say so. A filesystem without the label may be
 * anybody's: it was taken since it is the only one, and its owner didn't say that it is root here.
 */
function holdHooks(kernel: Kernel, { row }: Plan, { hooks }: AutomountOptions): boolean {
  const isOff = hooks === "never" || (hooks === "labelled" && row === "unlabelled-single");
  if (isOff) {
    kernel.mkdir(dirname(noHooksPath));
    kernel.writePlain(noHooksPath, "");
  } else if (kernel.exists(noHooksPath)) {
    kernel.unlink(noHooksPath);
  }
  return isOff;
}

/** A boot that keeps all in RAM must not go unnoticed (accidents: b2d#442, b2d#793, minikube#1438). */
function withoutDisk(kernel: Kernel, plan: Plan, lines: string[]): StageOutcome {
  const notes = plan.notes.filter(({ row }) => row !== "not-a-disk").map(({ message }) => message);
  for (const line of [lines.join("; "), ...notes]) {
    kernel.tellConsole(line);
  }
  return { result: "skipped", message: [...lines, ...notes].join("; ") };
}

async function applyOrExplain(
  kernel: Kernel,
  planned: Planned,
  flavour: Flavour,
  { notes, boot }: Pick<StageContext, "notes" | "boot">,
): Promise<Applied> {
  try {
    const situation = { disks: planned.disks, flavour };
    // The check of a large disk takes minutes to hours; the boot goes on meanwhile.
    const onLongCheck = (hasHostKeys: boolean) =>
      boot?.goesOnAfter(Math.max(deadlineMs, kernel.uptimeMs() * longCheckPerUptime), hasHostKeys);
    return await applyPlan(kernel, situation, planned.plan.steps, notes, onLongCheck);
  } catch (error) {
    const why = oneLine(error);
    throw new Error(`${planned.plan.message}, but: ${why}; everything is kept in RAM`, {
      cause: error,
    });
  }
}

function sinceMs(kernel: Kernel, startedMs: number): number {
  return Math.round(kernel.uptimeMs() - startedMs);
}
