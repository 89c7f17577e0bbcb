export interface DatagramRequest {
  /** An address, not a name. */
  address: string;
  port: number;
  payload: Uint8Array;
  timeoutMs: number;
}

export interface DatagramReply {
  payload: Uint8Array;
  /** Unix milliseconds with fractions, by this system's clock. */
  sentMs: number;
  receivedMs: number;
}

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
  /** Addresses of a host's name. Throws when it has none. */
  lookUp(name: string, timeoutMs: number): Promise<string[]>;
  /** Sends one datagram (UDP) and waits for the answer of that very address. Throws ETIMEDOUT. */
  exchange(request: DatagramRequest): Promise<DatagramReply>;
}
