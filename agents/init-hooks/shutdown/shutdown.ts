import { parsePasswd } from "../../accounts/find-user.ts";
import { oneLine } from "../../command/one-line.ts";
import { closeInUse } from "../../containers/in-use.ts";
import { sayGoingOff } from "../../containers/restart/stopped.ts";
import { endingPath, loadedPath, stoppedPath } from "../../extensions/places.ts";
import { hasOwnServices } from "../../extensions/stage.ts";
import { orLate } from "../../kernel/deadline.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { servicesGroup } from "../../quadlet/run/service-group.ts";
import { cgroupRoot, sessionLeaf, userGroup } from "../cgroups/plan-cgroups.ts";
import { backUp } from "../filetool/stage.ts";
import { startHook } from "../hooks/run-hook.ts";
import { swapAreas } from "../memory/swap-areas.ts";
import { planShutdown, type ShutdownFacts, type ShutdownPlan } from "./plan-shutdown.ts";
import { takeOffShares } from "./take-off-shares.ts";

const hookTimeoutMs = 10_000;
/** Podman starts, looks and cleans up around the grace of the containers. */
const podmanAddsMs = 10_000;

/** How the shutdown went. */
export interface ShutdownResult {
  /** What failed or hung, one line each. */
  warnings: string[];
  /** Mounts that can't be taken off, since their server is gone: init's sync(2) would wait for them without end. */
  deadShares: string[];
}

/**
 * Stops containers, each within its own grace and all within `graceMs`, runs shutdown.sh, and takes shares and disks
 * off. What fails or hangs is passed by: the machine goes off in any case.
 */
export async function shutDown(kernel: Kernel, graceMs: number): Promise<ShutdownResult> {
  const warnings: string[] = [];
  // What stops now comes back after the boot.
  attemptTo(warnings, () => sayGoingOff(kernel));
  const startedMs = kernel.uptimeMs();
  warnings.push(...(await stopServices(kernel, graceMs)));
  const leftMs = Math.max(0, graceMs - (kernel.uptimeMs() - startedMs));
  warnings.push(...(await stopContainers(kernel, planShutdown(readFacts(kernel)), leftMs)));
  await stopExtensions(kernel, graceMs, warnings);
  await runHook(kernel, warnings);
  await backUp(kernel).catch((error: unknown) => warnings.push(oneLine(error)));
  swapOff(kernel, warnings);
  const { flushLogs } = await import("../../logs/flush-logs.ts");
  warnings.push(...flushLogs(kernel));
  attemptTo(warnings, () => closeInUse(kernel));
  const { disks, shares } = planShutdown(readFacts(kernel));
  for (const disk of disks) {
    attemptTo(warnings, () => kernel.syncFilesystem(disk));
  }
  // Before the disks, on whose folders they may lie.
  const off = await takeOffShares(kernel, shares);
  warnings.push(...off.warnings);
  const { extensions } = planShutdown(readFacts(kernel));
  for (const target of extensions) {
    // What still runs from there ends later.
    attemptTo(warnings, () => kernel.unmount(target, ["detach"]));
  }
  for (const target of planShutdown(readFacts(kernel)).unmounts) {
    unmount(kernel, target, warnings);
  }
  return { warnings, deadShares: off.dead };
}

function readFacts(kernel: Kernel): ShutdownFacts {
  const owners = new Set<number>();
  for (const pid of kernel.list("/proc")) {
    if (!/^\d+$/.test(pid)) {
      continue;
    }
    if (kernel.readTextIfPresent(`/proc/${pid}/comm`)?.trim() !== "conmon") {
      continue;
    }
    const owner = kernel.stat(`/proc/${pid}`);
    if (owner !== undefined) {
      owners.add(owner.uid);
    }
  }
  return {
    containerOwners: [...owners],
    users: parsePasswd(kernel.readTextIfPresent("/etc/passwd") ?? ""),
    mounts: kernel.mounts(),
  };
}

/** Services of Quadlet files, in the reverse of their order; what doesn't stop in time is stopped as a container. */
async function stopServices(kernel: Kernel, graceMs: number): Promise<string[]> {
  if (!kernel.exists(servicesGroup(0)) && !hasUserServices(kernel)) {
    return [];
  }
  const { askServices } = await import("../../quadlet/control/ask.ts");
  kernel.tellConsole(`stopping services, for at most ${graceMs / 1000} s`);
  try {
    const request = { verb: "stop-all", names: [] } as const;
    const { failed } = await askServices(kernel, 0, request, graceMs);
    return [...failed];
  } catch (error) {
    return [`services: ${oneLine(error)}`];
  }
}

/** The resident agent stops what extensions and the image have run, once it hears of the end. */
async function stopExtensions(kernel: Kernel, graceMs: number, warnings: string[]): Promise<void> {
  const isNoneLoaded = (kernel.readTextIfPresent(loadedPath) ?? "[]") === "[]";
  if (isNoneLoaded && !hasOwnServices(kernel)) {
    return;
  }
  try {
    kernel.writeAtomic(endingPath, "");
    await kernel.waitForPath(stoppedPath, graceMs);
  } catch (error) {
    warnings.push(`services of extensions: ${oneLine(error)}`);
  }
}

function hasUserServices(kernel: Kernel): boolean {
  return parsePasswd(kernel.readTextIfPresent("/etc/passwd") ?? "").some(
    ({ uid }) => uid !== 0 && kernel.exists(servicesGroup(uid)),
  );
}

async function stopContainers(
  kernel: Kernel,
  { stops }: ShutdownPlan,
  graceMs: number,
): Promise<string[]> {
  if (stops.length === 0) {
    return [];
  }
  const timeoutMs = graceMs + podmanAddsMs;
  kernel.tellConsole(`stopping containers, for at most ${timeoutMs / 1000} s`);
  const results = await Promise.allSettled(
    stops.map(({ argv, owner, env }) => kernel.run(argv, { owner, env, timeoutMs })),
  );
  const warnings = results.flatMap((result, index) => {
    const uid = stops[index]?.owner.uid;
    if (result.status === "rejected") {
      return [`containers of uid ${uid}: ${oneLine(result.reason)}`];
    }
    const { exitCode, stderr } = result.value;
    return exitCode === 0 ? [] : [`containers of uid ${uid}: ${oneLine(stderr) || exitCode}`];
  });
  // What didn't stop in time would keep the disk busy. Groups go with their last process.
  for (const group of stops.flatMap(({ owner }) => containerGroups(kernel, owner.uid))) {
    const path: SystemPath = `${group}/cgroup.kill`;
    if (kernel.exists(path)) {
      attemptTo(warnings, () => kernel.writePlain(path, "1"));
    }
  }
  return warnings;
}

/**
 * Where Podman makes the groups of that owner's containers, with the cgroupfs manager: root's in one group, the user's
 * beside the group of the sessions.
 */
function containerGroups(kernel: Kernel, uid: number): SystemPath[] {
  if (uid === 0) {
    return [`${cgroupRoot}/libpod_parent`, servicesGroup(0)];
  }
  return kernel
    .listIfPresent(userGroup(uid))
    .map((name): SystemPath => `${userGroup(uid)}/${name}`)
    .filter((group) => group !== sessionLeaf(uid));
}

function attemptTo(warnings: string[], call: () => void): void {
  try {
    call();
  } catch (error) {
    warnings.push(oneLine(error));
  }
}

async function runHook(kernel: Kernel, warnings: string[]): Promise<void> {
  try {
    const hook = startHook(kernel, "shutdown");
    if (hook === undefined) {
      return;
    }
    const status = await orLate(hook.exited, hookTimeoutMs, () => "late" as const);
    if (status === "late") {
      hook.kill("SIGKILL");
    }
    if (status !== 0) {
      warnings.push(`shutdown.sh ended with ${status}`);
    }
  } catch (error) {
    warnings.push(`shutdown.sh: ${oneLine(error)}`);
  }
}

/** What is swapped to keeps its disk busy. Swap in RAM goes with it. */
function swapOff(kernel: Kernel, warnings: string[]): void {
  for (const path of swapAreas(kernel).filter((area) => !area.startsWith("/dev/zram"))) {
    attemptTo(warnings, () => kernel.swapOff(path));
  }
}

/**
 * A disk that somebody still uses is flushed and detached: it is taken off for good when init ends its last process.
 * One that isn't there any more (EINVAL) went with another mount of the same folder.
 */
function unmount(kernel: Kernel, target: string, warnings: string[]): void {
  try {
    kernel.unmount(target);
  } catch (error) {
    if (hasCode(error, "EINVAL")) {
      return;
    }
    if (!hasCode(error, "EBUSY")) {
      warnings.push(oneLine(error));
      return;
    }
    attemptTo(warnings, () => kernel.syncFilesystem(target));
    kernel.unmount(target, ["detach"]);
  }
}
