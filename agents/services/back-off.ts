/** A service that ran for so long has started well: what it did before is forgotten. */
export const soundAfterMs = 60_000;
const longestIntervalMs = 60_000;
/** From so many failures in a row on people are told. */
export const manyFailures = 3;

/**
 * How many failures in a row the service has behind it when it ended after `livedMs`, and how long to wait
 * before the next start: starts are at least 2 s apart, then 4, 8, … 60 s. A service that ended after a long
 * while starts again at once. The same rule as in usr/lib/boot2podman/service.
 */
export function backOff(
  failuresBefore: number,
  livedMs: number,
): { failures: number; pauseMs: number } {
  if (livedMs >= soundAfterMs) {
    return { failures: 0, pauseMs: 0 };
  }
  const failures = failuresBefore + 1;
  const intervalMs = Math.min(1000 * 2 ** failures, longestIntervalMs);
  return { failures, pauseMs: Math.max(0, intervalMs - livedMs) };
}
