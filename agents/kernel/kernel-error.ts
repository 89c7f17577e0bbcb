/**
 * A refusal of the kernel or of a system program, with what was tried and on what.
 *
 * `code` is the errno name ("ENOENT", "EBUSY", …), "ETIMEDOUT" when a deadline passed, or "EXIT" when a
 * program ended with another status than 0.
 */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly operation: string;
  readonly path: string;
  readonly code: string;

  constructor(
    operation: string,
    path: string,
    code: string,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    const detail = options.detail === undefined ? "" : ` (${options.detail})`;
    super(`${operation} ${path}: ${code}${detail}`, { cause: options.cause });
    this.operation = operation;
    this.path = path;
    this.code = code;
  }
}

/** Whether `error` is a KernelError with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): error is KernelError {
  // By its name: a program that lies beside the agents' has a class of its own.
  const isOurs = error instanceof Error && error.name === "KernelError" && "code" in error;
  return isOurs && codes.includes(String(error.code));
}
