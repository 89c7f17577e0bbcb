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
  /** Time of a clock device (/dev/ptp0) in Unix milliseconds. */
  readClockDevice(path: string): number;
}
