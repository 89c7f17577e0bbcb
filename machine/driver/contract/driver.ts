import type { SshTarget } from "../../ssh/client.ts";
import type { DriverName } from "../../store/config.ts";
import type { Machine } from "../../store/machines.ts";

/** The words for what a machine is doing, as `ls` prints them. */
export type MachineState =
  | "Running"
  | "Paused"
  | "Saved"
  | "Stopped"
  | "Stopping"
  | "Starting"
  | "Error"
  | "Timeout";

/** What was found of a machine. */
export interface Observed {
  readonly state: MachineState;
  /** Why the state is Error or Timeout, and what to do. */
  readonly error?: string;
}

/** Where a driver says what it is doing. */
export interface Report {
  /** A line about a step. */
  line(text: string): void;
  /** A line about something that a person should know though the work goes on. */
  warn(text: string): void;
  /** A stage of the guest's boot that has finished; `result` is ok, failed or skipped. */
  stage(stage: { name: string; result: string; durationMs: number }): void;
}

/**
 * What a machine lives on. Methods are called with the machine's lock held
 * unless they say that they need none.
 */
export interface Driver<N extends DriverName = DriverName> {
  /** Looks at what is really there; a broken machine is a state, not an error. Needs no lock. */
  observe(machine: Machine<N>, timeoutMs: number): Promise<Observed>;
  /**
   * Makes what the machine needs besides its config: called once, in a folder that becomes the
   * machine's own when all went well.
   */
  prepare(machine: Machine<N>, report: Report): Promise<void>;
  /** Throws when the host lacks what a start needs: programs, the image. Changes nothing. */
  check(machine: Machine<N>): Promise<void>;
  /** Starts a stopped machine; resolves when it runs, which is before its system is up. */
  launch(machine: Machine<N>, report: Report): Promise<void>;
  /** Resolves when the guest can be used. Needs no lock. */
  waitUntilReady(
    machine: Machine<N>,
    options: { timeoutMs: number | undefined; report: Report },
  ): Promise<void>;
  /** Shuts the guest down; when it doesn't in time, says so and switches it off. */
  stop(machine: Machine<N>, options: { timeoutMs: number; report: Report }): Promise<void>;
  /** Restarts it where a stop and a start can't do that. */
  restart?(machine: Machine<N>, options: { timeoutMs: number; report: Report }): Promise<void>;
  /** Switches it off at once. Needs no lock. */
  kill(machine: Machine<N>): Promise<void>;
  /** Takes away what of the machine lies outside its folder. Called while it is off. */
  remove(machine: Machine<N>): Promise<void>;
  /** Where to log in. */
  sshTarget(machine: Machine<N>, user?: string): SshTarget;
}
