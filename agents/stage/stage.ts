import type { Kernel } from "../kernel/kernel.ts";
import type { BootOptions } from "../settings/boot-options.ts";

/** What a stage leaves for its record while it works, so that a stage that fails has told so far. */
export interface StageNotes {
  /** The facts that the plan was made from. */
  observed: unknown;
  plan: unknown;
  /** Steps carried out, in order, in words. */
  done: string[];
  /** What it is at, in words: what people are told when it is late. */
  now?: string | undefined;
}

/** What a stage gets. */
export interface StageContext {
  kernel: Kernel;
  options: BootOptions;
  notes: StageNotes;
  /** The boot around it; there is none when an agent's command does the stage's work. */
  boot?: BootAround | undefined;
}

/** What a stage can say to the boot that it is a part of, and ask of it. */
export interface BootAround {
  /**
   * What is left may take long: the boot waits for it no longer than so, on the clock. `isSettled` when what must
   * not be missing is there; stages that need this one to be settled wait on without it.
   */
  goesOnAfter(ms: number, isSettled: boolean): void;
  /** Whether the boot has gone on without this stage. */
  readonly hasGoneOn: boolean;
}

/** How a stage ended, when it didn't throw. */
export interface StageOutcome {
  result: "ok" | "skipped";
  /** One line for the table of `boot2podman status`. */
  message: string;
}

/**
 * One part of the boot: a function of an agent that the boot runs once its needs are finished, well or not.
 *
 * A stage that throws has failed, one that isn't done in time is late; both are reported and passed by, and
 * what needs it runs all the same and looks for itself.
 */
export interface Stage {
  name: string;
  /** Names of the stages that must be finished (or late) before. */
  needs: readonly string[];
  /**
   * Of those, the ones of which it matters that they have come to their end, late or not: what they bring can't be
   * replaced. Waited for until they have, have said that the boot may go on, or their hard end has come.
   */
  settled?: readonly string[];
  /**
   * Stages that it would rather have behind it, but for which it waits only until nothing has moved on the machine
   * for `patienceMs` in a row, or `mostMs` are over (default: a minute).
   */
  hopes?: { for: readonly string[]; patienceMs: number; mostMs?: number };
  /** Milliseconds in a row in which nothing on the machine moves; a slow host is no reason to be passed by. */
  deadlineMs: number;
  /** The hard end, whatever moves. Default: half an hour. */
  mostMs?: number;
  run(context: StageContext): Promise<StageOutcome>;
  /**
   * The least of it in the plainest way, when `run` threw and getting in would be impossible otherwise. Gives
   * what it did, in words; the stage stays failed.
   */
  onFailure?(context: StageContext): Promise<string>;
}
