import type { Kernel } from "../../kernel/kernel.ts";
import type { Stage, StageOutcome } from "../../stage/stage.ts";
import { type HookName, hookLogPath, startHook } from "./run-hook.ts";

const bootsyncDeadlineMs = 60_000;
/** A boot that takes longer than that without a word looks as if it hung. */
const sayAfterMs = 5_000;

/** The boot waits for bootsync.sh before containers are served, but not for ever. */
export const bootsyncStage: Stage = {
  name: "bootsync",
  needs: ["settings", "trust", "filetool"],
  hopes: { for: ["network"], patienceMs: 10_000 },
  deadlineMs: bootsyncDeadlineMs,
  async run({ kernel }): Promise<StageOutcome> {
    const hook = startHook(kernel, "bootsync");
    if (hook === undefined) {
      return { result: "skipped", message: "no bootsync.sh" };
    }
    const timer = setTimeout(() => {
      const seconds = bootsyncDeadlineMs / 1000;
      kernel.tellConsole(`waiting for bootsync.sh, for at most ${seconds} s`);
    }, sayAfterMs);
    const status = await hook.exited;
    clearTimeout(timer);
    if (status !== 0) {
      throw new Error(failure("bootsync", status));
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
    if (hook === undefined) {
      return { result: "skipped", message: "no bootlocal.sh" };
    }
    void hook.exited.then((status) => sayFailure(kernel, "bootlocal", status));
    return { result: "ok", message: `bootlocal.sh started as process ${hook.pid}` };
  },
};

function sayFailure(kernel: Kernel, name: HookName, status: number): void {
  if (status === 0) {
    return;
  }
  kernel.tellKernelLog(failure(name, status));
  kernel.tellConsole(failure(name, status));
}

function failure(name: HookName, status: number): string {
  return `${name}.sh ended with ${status}: see ${hookLogPath(name)}`;
}
