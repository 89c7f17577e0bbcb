import { findUser } from "../../accounts/find-user.ts";
import { applySteps } from "../../steps/apply-steps.ts";
import type { Stage } from "../stage.ts";
import { planMounts } from "./plan-mounts.ts";

/** Terminals, shared memory and the like below /dev, and the user's runtime folder. */
export const mountsStage: Stage = {
  name: "mounts",
  needs: [],
  deadlineMs: 10_000,
  async run({ kernel, options, notes }) {
    const user = findUser(kernel, options.user);
    const facts = { mounted: kernel.mounts().map((mount) => mount.target), user };
    const plan = planMounts(facts);
    notes.observed = facts;
    notes.plan = plan;
    applySteps(kernel, plan, notes.done);
    const message = user === undefined ? `there is no user ${options.user}` : "";
    return { result: "ok", message };
  },
};
