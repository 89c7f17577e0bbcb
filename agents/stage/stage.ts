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
  /** Stages that it would rather have behind it, but for which it waits no longer than so. */
  hopes?: { for: readonly string[]; patienceMs: number };
  deadlineMs: number;
  run(context: StageContext): Promise<StageOutcome>;
  /**
   * The least of it in the plainest way, when `run` threw and getting in would be impossible otherwise. Gives
   * what it did, in words; the stage stays failed.
   */
  onFailure?(context: StageContext): Promise<string>;
}
