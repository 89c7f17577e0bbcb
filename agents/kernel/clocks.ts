/** Setting clocks. */
export interface Clocks {
  /** Moves the system's clock at once (ADJ_SETOFFSET); milliseconds with fractions. */
  stepTime(byMs: number): void;
  /**
   * Lets the kernel's own loop take a small offset away, and learn the clock's rate from it (ADJ_OFFSET with
   * STA_PLL). Says that the clock is right, as programs that ask adjtimex(2) see it.
   *
   * @param timeConstant log2 of the seconds between two calls, less 4
   */
  slewTime(byMs: number, timeConstant: number): void;
  /**
   * Says that the hardware clock shows a local time, so many minutes east of UTC: the system's clock, which was set by it, is
   * moved to UTC, and the kernel writes local time into it from then on (settimeofday(2), "Linux-specific details"). Once in a
   * boot; later calls only change what is written.
   */
  hardwareClockIsLocal(minutesEast: number): void;
  /** Time of a clock device (/dev/ptp0) in Unix milliseconds. */
  readClockDevice(path: string): number;
}
