/** A process as the system has it. */
export interface SystemProcess {
  /** When it started, in the system's own words; with the pid it names one process for good. */
  readonly startTime: string;
  readonly commandLine: string;
}

/** What a host's system has in its own way: everything else that runs here is the same on all of them. */
export interface HostSystem {
  /** What runs guests by the processor's own means, in QEMU's word. */
  readonly hardware: "kvm" | "hvf";
  /** What is said where that is missing. */
  readonly withoutHardware: string;
  /**
   * Program and arguments that take a file's lock (flock(2)), and then print what they read until their input ends,
   * which gives the lock back. They end with status 75 when another process has it for longer than is waited.
   */
  lockWords(path: string, waitSeconds: number): readonly string[];
  /** Looks a process up; undefined when there is none, or it has ended and is only not reaped yet. */
  readProcess(pid: number): Promise<SystemProcess | undefined>;
  allPids(): Promise<number[]>;
}
