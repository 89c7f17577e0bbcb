import type { Owner } from "./files.ts";
import type { Limit } from "./quiet.ts";

/** How a program is run to its end. */
export interface RunOptions {
  stdin?: string | Uint8Array;
  /** After it the process gets SIGKILL and `run` throws ETIMEDOUT. Default 60 000 in which nothing moves. */
  timeoutMs?: Limit;
  /** The whole environment. Default `scrubbedEnvironment`. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Runs as that user and group; root without it. */
  owner?: Owner;
  /** It runs when little else wants the processor or the memory: what people wait for comes first. */
  givesWay?: boolean;
}

/** How a program ended, and what it printed. */
export interface RunResult {
  /** 128 + signal number for a process that a signal ended. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** How a program is started that goes on beside us. */
export interface SpawnOptions {
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  owner?: Owner;
  /** File that gets stdout and stderr, appended. Default: /dev/null. */
  logPath?: string;
  /** Descriptor that the child sees as 3 (LISTEN_FDS). */
  fd3?: number;
}

/** A program that was started and goes on. */
export interface Child {
  readonly pid: number;
  /** Exit status, 128 + signal number for a signal. Never rejects. */
  readonly exited: Promise<number>;
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGHUP" | "SIGINT" | "SIGUSR1"): void;
}

/** What every program gets that is started without an environment of its own. */
export const scrubbedEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
};

/** Starting and signalling processes. */
export interface Processes {
  /**
   * Runs a program to its end. A status other than 0 is a result, not an error (see `runChecked`).
   * Throws a KernelError when it can't be started, or ETIMEDOUT.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a program that goes on without us, in a session of its own, stdin /dev/null. */
  spawn(argv: readonly string[], options?: SpawnOptions): Child;
  /** kill(2) of a process that isn't ours; false when it is gone. */
  signal(pid: number, signal: "SIGTERM" | "SIGKILL" | "SIGHUP" | "SIGUSR1"): boolean;
}
