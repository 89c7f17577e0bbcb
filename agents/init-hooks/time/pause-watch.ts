/** Of 1000, so that looks wander through the second that a hardware clock shows as a whole. */
export const lookEveryMs = 963;
/** After so many looks the moment at which the hardware clock moves on has been seen. */
const looksOfASecond = 30;
/**
 * A hardware clock that shows whole seconds seems behind by up to one, now more, now less. Until it is known when
 * it moves on, only more than that is a pause.
 */
const smallestPauseMs = { atFirst: 1_100, later: 300 };
/**
 * A hardware clock that was wrong and agrees with ours all at once has been set from it: by so much, or by less
 * in the seconds after a correction, when the kernel does that.
 */
const agreementMs = 1_500;
const looksUntilSet = 4;
/** What two clocks may drift apart between two looks. */
const driftMsPerLook = 1;

/**
 * Notices that the machine stood still: while its own clock does, the hardware's goes on. Only the change of
 * their difference counts, so that a hardware clock that is wrong, or in another time zone, serves as well.
 */
export interface PauseWatch {
  /**
   * Compares both clocks (Unix milliseconds). Gives for how long the machine stood still, as far as the
   * hardware clock tells; undefined when it didn't.
   */
  look(hardwareMs: number, systemMs: number): number | undefined;
  /** The system's clock was put right by so much: it isn't to look like a pause, nor to hide one. */
  stepped(byMs: number): void;
}

/** A watch that has seen nothing yet. */
export function openPauseWatch(): PauseWatch {
  let usualMs: number | undefined;
  let looks = 0;
  let looksSinceStep = Number.POSITIVE_INFINITY;
  return {
    look(hardwareMs, systemMs) {
      const aheadMs = hardwareMs - systemMs;
      const known = usualMs;
      looks += 1;
      looksSinceStep += 1;
      if (known === undefined || aheadMs < known - 2 * agreementMs) {
        usualMs = aheadMs;
        looks = 0;
        return undefined;
      }
      // The largest difference is the true one, see above.
      usualMs = Math.max(aheadMs, known - driftMsPerLook);
      const smallestMs = looks < looksOfASecond ? smallestPauseMs.atFirst : smallestPauseMs.later;
      const mayBeSet = Math.abs(known) > 2 * agreementMs || looksSinceStep <= looksUntilSet;
      const wasSet = mayBeSet && Math.abs(aheadMs) < agreementMs;
      return wasSet || aheadMs - known < smallestMs ? undefined : aheadMs - known;
    },
    stepped(byMs) {
      if (usualMs !== undefined) {
        usualMs -= byMs;
      }
      looksSinceStep = 0;
    },
  };
}
