/** More than this is put right at once; less is taken away by running a little faster or slower (ntpd's bound). */
export const stepThresholdMs = 128;

/** How the clock is put right: at once, or by letting it go faster or slower. Milliseconds; positive is forward. */
export type Correction = { do: "step"; byMs: number } | { do: "slew"; byMs: number };

/**
 * How a clock is put right. The very first time it is set whatever it is off by, since nothing relies on it yet
 * and a step of 100 ms is better than some minutes of being wrong.
 */
export function planCorrection(offsetMs: number, isFirst: boolean): Correction {
  const threshold = isFirst ? 10 : stepThresholdMs;
  return { do: Math.abs(offsetMs) > threshold ? "step" : "slew", byMs: offsetMs };
}

/** Of what several servers say, the middle: one that is wrong doesn't matter among three. */
export function middle<T extends { offsetMs: number; delayMs: number }>(
  samples: readonly T[],
): T | undefined {
  if (samples.length < 3) {
    return samples.toSorted((a, b) => a.delayMs - b.delayMs)[0];
  }
  const sorted = samples.toSorted((a, b) => a.offsetMs - b.offsetMs);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Seconds between questions while the clock isn't known well (RFC 5905: MINPOLL 6). */
export const shortestPollS = 64;
/** Seconds between questions when it is (RFC 5905: the default MAXPOLL 10). */
export const longestPollS = 1024;

/** When to ask next: a clock that is right is asked about less often. */
export function nextPollS(pollS: number, offsetMs: number): number {
  const wanted = Math.abs(offsetMs) < 20 ? pollS * 2 : pollS / 2;
  return Math.min(longestPollS, Math.max(shortestPollS, wanted));
}

/** The kernel's measure of the time between two corrections; see Clocks.slewTime. */
export function timeConstant(pollS: number): number {
  return Math.max(0, Math.round(Math.log2(pollS)) - 4);
}
