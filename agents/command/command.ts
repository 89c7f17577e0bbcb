import type { Kernel } from "../kernel/kernel.ts";

/** Where a command speaks to a person; each call is one or more whole lines without the last line end. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

/**
 * One of the names that the program answers to. `run` gives the exit status: 0 ok, 1 failure; it throws a
 * UsageError for words that it doesn't know (one line, status 2) and anything else for a failure (one line,
 * status 1).
 */
export interface Command {
  name: string;
  /** What --help prints. */
  help: string;
  /** What --help prints after words that lead further; `help` where that isn't given. */
  helpFor?(words: readonly string[]): Promise<string>;
  run(words: readonly string[], kernel: Kernel, terminal: Terminal): Promise<number>;
}

/** What was typed can't be understood; the message says what is expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
