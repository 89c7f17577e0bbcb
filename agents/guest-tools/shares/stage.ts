import { findUser } from "../../accounts/find-user.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { ShareOptions } from "../../settings/options/shares.ts";
import type { Stage } from "../../stage/stage.ts";
import type { OfferedShare } from "./find-shares.ts";
import { findShares } from "./find-shares.ts";
import type { SharePlan } from "./plan-shares.ts";

/**
 * Mounts the folders that the hypervisor shares. Nothing that lets people in waits for it; what waits (the host's
 * "ready", bootsync.sh) does so for a while only.
 */
export const sharesStage: Stage = {
  name: "shares",
  // The data disk brings folders on which shares may be mounted.
  needs: ["devices", "settings"],
  deadlineMs: 60_000,
  async run({ kernel, options, notes }) {
    const offered = await findShares(kernel);
    notes.observed = { offered };
    if (offered.length === 0 && options.shares.wanted.length === 0) {
      return { result: "skipped", message: "none offered" };
    }
    const plan = await planFor(kernel, offered, options.shares, options.user);
    notes.plan = plan;
    const { mountShares } = await import("./mount-shares.ts");
    const failures = await mountShares(kernel, plan.mounts, notes.done);
    const warnings = [...plan.warnings, ...failures];
    if (warnings.length > 0) {
      throw new Error(warnings.join("; "));
    }
    const names = plan.mounts.map(({ path }) => path).join(", ");
    return { result: "ok", message: names === "" ? "nothing to mount" : names };
  },
};

/** The plan for the shares that are there now. */
export async function planFor(
  kernel: Kernel,
  offered: readonly OfferedShare[],
  options: ShareOptions,
  userName: string,
): Promise<SharePlan> {
  const { planShares } = await import("./plan-shares.ts");
  const mounted = kernel.mounts().map(({ target }) => target);
  return planShares({ offered, mounted, user: findUser(kernel, userName) }, options);
}
