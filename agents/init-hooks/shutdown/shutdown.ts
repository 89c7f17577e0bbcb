import { parsePasswd } from "../../accounts/find-user.ts";
import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode, KernelError } from "../../kernel/kernel-error.ts";
import { startHook } from "../hooks/run-hook.ts";
import { planShutdown, type ShutdownFacts, type ShutdownPlan } from "./plan-shutdown.ts";

/** Together they leave init time to end what is left, within 20 s of the power button. */
const stopTimeoutMs = 9_000;
const hookTimeoutMs = 3_000;

/**
 * Stops containers, runs shutdown.sh and takes the disks off. What fails is said and passed by: the machine
 * goes off in any case. Gives the complaints.
 */
export async function shutDown(kernel: Kernel): Promise<string[]> {
  const plan = planShutdown(readFacts(kernel));
  const complaints = await stopContainers(kernel, plan);
  await runHook(kernel, complaints);
  kernel.sync();
  for (const target of planShutdown(readFacts(kernel)).unmounts) {
    unmount(kernel, target, complaints);
  }
  kernel.sync();
  return complaints;
}

function readFacts(kernel: Kernel): ShutdownFacts {
  const owners = new Set<number>();
  for (const pid of kernel.list("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    if (kernel.readTextIfPresent(`/proc/${pid}/comm`)?.trim() !== "conmon") continue;
    const owner = kernel.stat(`/proc/${pid}`);
    if (owner !== undefined) owners.add(owner.uid);
  }
  return {
    containerOwners: [...owners],
    users: parsePasswd(kernel.readTextIfPresent("/etc/passwd") ?? ""),
    mounts: kernel.mounts(),
  };
}

async function stopContainers(kernel: Kernel, plan: ShutdownPlan): Promise<string[]> {
  const results = await Promise.allSettled(
    plan.stops.map(({ argv, owner, env }) =>
      kernel.run(argv, { owner, env, timeoutMs: stopTimeoutMs }),
    ),
  );
  return results.flatMap((result, index) => {
    const uid = plan.stops[index]?.owner.uid;
    if (result.status === "rejected")
      return [`containers of uid ${uid}: ${oneLine(result.reason)}`];
    const { exitCode, stderr } = result.value;
    return exitCode === 0 ? [] : [`containers of uid ${uid}: ${stderr.trim() || exitCode}`];
  });
}

async function runHook(kernel: Kernel, complaints: string[]): Promise<void> {
  try {
    const hook = startHook(kernel, "shutdown");
    if (hook === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), hookTimeoutMs);
    });
    const status = await Promise.race([hook.exited, late]);
    clearTimeout(timer);
    if (status === "late") hook.kill("SIGKILL");
    if (status !== 0) complaints.push(`shutdown.sh ended with ${status}`);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    complaints.push(`shutdown.sh: ${error.message}`);
  }
}

/**
 * A disk that somebody still uses is detached: it is taken off for good when init ends its last process. One
 * that isn't there any more (EINVAL) went with another mount of the same folder.
 */
function unmount(kernel: Kernel, target: string, complaints: string[]): void {
  try {
    kernel.unmount(target);
  } catch (error) {
    if (hasCode(error, "EINVAL")) return;
    if (hasCode(error, "EINVAL")) return;
    if (!hasCode(error, "EBUSY")) {
      complaints.push(oneLine(error));
      return;
    }
    kernel.unmount(target, ["detach"]);
  }
}
