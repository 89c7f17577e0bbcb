import { findUser } from "../../accounts/find-user.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { Stage } from "../../stage/stage.ts";
import { applySteps } from "../../steps/apply-steps.ts";
import type { Step } from "../../steps/step.ts";
import { planMounts } from "./plan-mounts.ts";

/** Terminals, shared memory and the like below /dev, and the user's runtime folder. */
export const mountsStage: Stage = {
  name: "mounts",
  needs: [],
  deadlineMs: 10_000,
  async run({ kernel, options, notes }) {
    const user = findUser(kernel, options.user);
    const mounted = kernel.mounts().map((mount) => mount.target);
    const facts = { mounted, user, securityfs: hasSecurityfs(kernel) };
    const plan = planMounts(facts);
    notes.observed = facts;
    notes.plan = plan;
    applySteps(kernel, plan, notes.done);
    const message = user === undefined ? `there is no user ${options.user}` : "";
    return { result: "ok", message };
  },
  async onFailure({ kernel, notes }) {
    // Without terminals nobody can look what went wrong: each step for itself, whatever became of the others.
    for (const step of planMounts({
      mounted: [],
      user: undefined,
      securityfs: hasSecurityfs(kernel),
    })) {
      tryStep(kernel, step, notes.done);
    }
    return `${notes.done.length} of its steps done one by one`;
  },
};

function hasSecurityfs(kernel: Kernel): boolean {
  return kernel.stat("/sys/kernel/security")?.kind === "folder";
}

function tryStep(kernel: Kernel, step: Step, done: string[]): void {
  try {
    applySteps(kernel, [step], done);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    kernel.tellKernelLog(error.message);
  }
}
