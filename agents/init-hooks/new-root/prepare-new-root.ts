import type { Kernel } from "../../kernel/kernel.ts";
import { applySteps } from "../../steps/apply-steps.ts";
import type { BootOptions } from "../boot-options.ts";
import type { StageNotes } from "../stage.ts";
import { planNewRoot } from "./plan-new-root.ts";
import { meminfoBytes } from "./read-meminfo.ts";

/**
 * Prepares the root in which PID 1 will start, and gives its path ("/" for embed). Throws a KernelError when
 * a step fails; what was done stays done.
 */
export function prepareNewRoot(
  kernel: Kernel,
  options: BootOptions,
  newRoot: string,
  notes: StageNotes,
): string {
  const facts = {
    mode: options.root,
    newRoot,
    availableBytes: meminfoBytes(kernel.readText("/proc/meminfo"), "MemAvailable"),
    usrEntries: kernel.list("/usr"),
  };
  notes.observed = facts;
  const plan = planNewRoot(facts);
  notes.plan = plan;
  applySteps(kernel, plan.steps, notes.done);
  return plan.root;
}
