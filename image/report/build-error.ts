/** A failure told to a person in one line: what was tried, on what, what was found, what to do. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}
