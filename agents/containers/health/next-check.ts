import type { CheckDefinition } from "./definition.ts";

/** How far the checks of a container are since its start. */
export interface CheckProgress {
  phase: "startup" | "regular";
  /** Of the startup check, altogether: a failure between takes none away (libpod counts so too). */
  successes: number;
  /** Times in a row that Podman itself could not check. */
  troubles: number;
}

/** "troubled": Podman could not check at all, which says nothing about the container. */
export type CheckOutcome = "passed" | "failed" | "troubled";

const shortestTroubleMs = 1_000;
const longestTroubleMs = 60_000;
/** A check may take long by itself, while Podman only waits. */
const longestBusyMs = 60_000;

/** Where a container begins that has just been started. */
export function startOfChecks({ startup }: CheckDefinition): CheckProgress {
  return { phase: startup === undefined ? "regular" : "startup", successes: 0, troubles: 0 };
}

/** What holds in a phase; an interval of 0 switches its checks off. */
export function timesOf(definition: CheckDefinition, { phase }: CheckProgress) {
  const { startup } = definition;
  return phase === "startup" && startup !== undefined ? startup : definition;
}

/**
 * When the next check begins, after the end of one that took so long: as Podman's own timers have it, after the
 * interval (systemd.timer(5), OnUnitInactiveSec=), and at once where the startup check has passed for good. On a slow
 * machine, where Podman itself takes long, it comes later: all checks together take half of the time at most.
 *
 * @param containers how many have a check, this one too
 */
export function afterCheck(
  definition: CheckDefinition,
  before: CheckProgress,
  outcome: CheckOutcome,
  tookMs: number,
  containers: number,
): { progress: CheckProgress; pauseMs: number | undefined } {
  const troubles = outcome === "troubled" ? before.troubles + 1 : 0;
  const isStartup = before.phase === "startup" && definition.startup !== undefined;
  const successes = before.successes + (isStartup && outcome === "passed" ? 1 : 0);
  const hasPassed = isStartup && successes > 0 && successes >= (definition.startup?.successes ?? 0);
  const progress: CheckProgress = {
    phase: hasPassed ? "regular" : before.phase,
    successes,
    troubles,
  };
  const { intervalMs } = timesOf(definition, progress);
  if (intervalMs === 0) {
    return { progress, pauseMs: undefined };
  }
  if (hasPassed) {
    return { progress, pauseMs: 0 };
  }
  const troubleMs =
    troubles === 0 ? 0 : Math.min(shortestTroubleMs * 2 ** (troubles - 1), longestTroubleMs);
  const busyMs = Math.max(tookMs, Math.min(tookMs * (2 * containers - 1), longestBusyMs));
  return { progress, pauseMs: Math.max(intervalMs, busyMs, troubleMs) };
}
