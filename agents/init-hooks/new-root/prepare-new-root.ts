import type { Kernel } from "../../kernel/kernel.ts";
import { meminfoBytes } from "../../kernel/meminfo.ts";
import type { StageRecord } from "../../record/stages/stage-record.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import { applySteps } from "../../steps/apply-steps.ts";
import { planNewRoot } from "./plan-new-root.ts";

/** A root that is ready to be gone to. */
export interface PreparedRoot {
  /** Where PID 1 is to go; "/" for embed. */
  root: string;
  record: StageRecord;
}

/**
 * Prepares the root in which PID 1 will start. Throws a KernelError when a step fails; what was done stays done.
 */
export function prepareNewRoot(
  kernel: Kernel,
  options: BootOptions,
  newRoot: string,
): PreparedRoot {
  const startedMs = kernel.uptimeMs();
  if (options.faults.includes("root")) {
    throw new Error("root made to fail by boot2podman.fault");
  }
  const observed = {
    mode: options.root,
    newRoot,
    availableBytes: meminfoBytes(kernel.readText("/proc/meminfo"), "MemAvailable"),
    usrEntries: kernel.list("/usr"),
  };
  const plan = planNewRoot(observed);
  const done: string[] = [];
  applySteps(kernel, plan.steps, done);
  const leftBytes = meminfoBytes(kernel.readText("/proc/meminfo"), "MemAvailable");
  const durationMs = kernel.uptimeMs() - startedMs;
  const message = options.root === "embed" ? "embed: the kernel's own" : "noembed: a tmpfs";
  return {
    root: plan.root,
    record: {
      stage: "root",
      result: "ok",
      startedMs,
      durationMs,
      // What preparing the root took: some files of /etc, never a copy of the image.
      observed: { ...observed, takenBytes: observed.availableBytes - leftBytes },
      plan,
      done,
      message,
    },
  };
}
