import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { StageNotes, StageOutcome } from "../../stage/stage.ts";
import { applySteps } from "../../steps/apply-steps.ts";
import { cgroupRoot } from "./plan-cgroups.ts";
import { planV1 } from "./plan-v1.ts";

/**
 * cgroup v1. The kernel may lack controllers of it (Debian's of trixie has neither memory nor cpuset: limits of
 * memory don't work then); the message says which.
 */
export function mountV1(kernel: Kernel, notes: StageNotes): StageOutcome {
  const controllers = kernel.readTextIfPresent("/proc/cgroups");
  if (controllers === undefined || !kernel.exists(cgroupRoot)) {
    return { result: "skipped", message: "the kernel has no control groups" };
  }
  const mounted = kernel.mounts().map(({ target }) => target);
  const fstab = kernel.readTextIfPresent("/etc/fstab") ?? "";
  const plan = planV1({ controllers, fstab, mounted });
  notes.observed = { controllers, mounted };
  notes.plan = plan;
  applySteps(kernel, plan.base, notes.done);
  const there: string[] = [];
  const missing: string[] = [];
  for (const { name, steps } of plan.mounts) {
    try {
      applySteps(kernel, steps, notes.done);
      there.push(name);
    } catch (error) {
      if (!(error instanceof KernelError)) {
        throw error;
      }
      missing.push(name);
      removeFolder(kernel, `${cgroupRoot}/${name}`);
    }
  }
  const hierarchy = `${cgroupRoot}/memory/memory.use_hierarchy`;
  if (there.includes("memory") && kernel.exists(hierarchy)) {
    kernel.writePlain(hierarchy, "1");
  }
  const without = missing.length === 0 ? "" : `; this kernel has no v1 ${missing.join(", ")}`;
  return { result: "ok", message: `v1: ${there.join(" ")}${without}` };
}

/** An empty folder would look like a controller that is there. */
function removeFolder(kernel: Kernel, path: string): void {
  if (kernel.exists(path)) {
    kernel.rmdir(path);
  }
}
