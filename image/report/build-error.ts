import { isDiskFull } from "../../system-error.ts";

/** A failure told to a person in one line: what was tried, on what, what was found, what to do. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

/** One line about any failure; whatever isn't told for people says at least what it is. */
export function oneLineOf(error: unknown): string {
  if (error instanceof BuildError) {
    return error.message;
  }
  if (isDiskFull(error)) {
    return "the disk is full; free some space and build again";
  }
  return error instanceof Error ? `unexpected: ${error.message}` : String(error);
}
