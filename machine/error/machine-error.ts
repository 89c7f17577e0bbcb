/**
 * An error that a person can act on: one line that says what was tried, on what, what was found,
 * and what to do. The command line prints the message alone; the cause stays for `--debug`.
 */
export class MachineError extends Error {
  override readonly name = "MachineError";
  /** 1 for a failure, 2 for wrong usage; `ssh` passes on the status of what it ran. */
  readonly exitCode: number;

  constructor(message: string, options: { cause?: unknown; exitCode?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Wrong arguments: exit code 2. */
export class UsageError extends MachineError {
  constructor(message: string) {
    super(message, { exitCode: 2 });
  }
}
