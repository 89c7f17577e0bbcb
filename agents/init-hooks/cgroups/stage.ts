import { findUser } from "../../accounts/find-user.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { Stage } from "../../stage/stage.ts";
import { applySteps } from "../../steps/apply-steps.ts";
import { cgroupRoot, planCgroups, planControllers, systemLeaf } from "./plan-cgroups.ts";

/** Processes that fork while they are moved are found in the next round. */
const mostRounds = 5;

/** cgroup v2 (or v1, when asked for) with all controllers for containers, root's and the user's. */
export const cgroupsStage: Stage = {
  name: "cgroups",
  needs: [],
  deadlineMs: 10_000,
  async run({ kernel, options, notes }) {
    if (options.cgroup === "v1") {
      return (await import("./mount-v1.ts")).mountV1(kernel, notes);
    }
    const user = findUser(kernel, options.user);
    const mounted = kernel.mounts().find((mount) => mount.target === cgroupRoot);
    if (mounted !== undefined && mounted.type !== "cgroup2" && mounted.type !== "") {
      return {
        result: "skipped",
        message: `${cgroupRoot} is a ${mounted.type} already; left as it is`,
      };
    }
    const isMounted = mounted !== undefined;
    const groups = planCgroups({ isMounted, user });
    applySteps(kernel, groups, notes.done);
    const moved = moveProcesses(kernel);
    notes.done.push(`move ${moved} processes to ${systemLeaf}`);
    const controllers = kernel.readText(`${cgroupRoot}/cgroup.controllers`);
    notes.observed = { isMounted, user, controllers };
    const hand = planControllers(controllers, user);
    notes.plan = [...groups, ...hand];
    applySteps(kernel, hand, notes.done);
    return { result: "ok", message: controllers.trim() };
  },
};

/** Moves all programs from the root to the leaf; threads of the kernel stay. Gives how many. */
function moveProcesses(kernel: Kernel): number {
  let moved = 0;
  for (let round = 0; round < mostRounds; round += 1) {
    const before = moved;
    for (const pid of kernel.readText(`${cgroupRoot}/cgroup.procs`).split("\n")) {
      if (pid === "" || isKernelThread(kernel, pid)) {
        continue;
      }
      if (moveProcess(kernel, pid)) {
        moved += 1;
      }
    }
    if (moved === before) {
      break;
    }
  }
  return moved;
}

function moveProcess(kernel: Kernel, pid: string): boolean {
  try {
    kernel.writePlain(`${systemLeaf}/cgroup.procs`, pid);
    return true;
  } catch (error) {
    // It has ended meanwhile.
    if (hasCode(error, "ESRCH")) {
      return false;
    }
    throw error;
  }
}

/** Threads of the kernel have no command line; nor have zombies, which can't be moved either. */
function isKernelThread(kernel: Kernel, pid: string): boolean {
  return (kernel.readTextIfPresent(`/proc/${pid}/cmdline`) ?? "") === "";
}
