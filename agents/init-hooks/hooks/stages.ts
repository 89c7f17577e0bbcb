import type { Stage, StageOutcome } from "../stage.ts";
import { startHook } from "./run-hook.ts";

const bootsyncDeadlineMs = 60_000;

/** The boot waits for bootsync.sh before containers are served, but not for ever. */
export const bootsyncStage: Stage = {
  name: "bootsync",
  needs: ["automount"],
  hopes: { for: ["network"], patienceMs: 10_000 },
  deadlineMs: bootsyncDeadlineMs,
  async run({ kernel }): Promise<StageOutcome> {
    const hook = startHook(kernel, "bootsync");
    if (hook === undefined) return { result: "skipped", message: "no bootsync.sh" };
    const status = await hook.exited;
    if (status !== 0) {
      throw new Error(
        `bootsync.sh ended with ${status}: see /var/lib/boot2podman/log/bootsync.log`,
      );
    }
    return { result: "ok", message: "bootsync.sh done" };
  },
};

/** Started when everything else is done; nobody waits for it. */
export const bootlocalStage: Stage = {
  name: "bootlocal",
  needs: ["bootsync", "podman"],
  deadlineMs: 5_000,
  async run({ kernel }): Promise<StageOutcome> {
    const hook = startHook(kernel, "bootlocal");
    if (hook === undefined) return { result: "skipped", message: "no bootlocal.sh" };
    return { result: "ok", message: `bootlocal.sh started as process ${hook.pid}` };
  },
};
