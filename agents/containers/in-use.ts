import type { Kernel } from "../kernel/kernel.ts";
import { stateFolder } from "../kernel/state-folder.ts";

/**
 * The mark that the data disk is in use: made by each boot and taken away by the shutdown. A boot that finds it
 * follows one whose plug was pulled, or whose check was not finished.
 *
 * The filesystem's own flag doesn't tell: replaying the journal clears it, and a cut between that and the check
 * would leave nobody who knows.
 */
export const inUsePath = `${stateFolder}/in-use`;

/** The mark on the data disk that says that its stores are in use, or have to be checked. */
export interface InUse {
  /** "unchecked": what Podman lists has to be checked first; the shutdown leaves the mark then. */
  state: "open" | "unchecked";
  /** When the first of the boots began that it speaks of, by this machine's clock; 0 when it doesn't say. */
  sinceMs: number;
}

const longestMarkBytes = 100;

/** The mark; undefined when the last shutdown took it away, or nothing was ever here. Anything else than a mark asks for a check of all. */
export function readInUse(kernel: Kernel): InUse | undefined {
  const found = kernel.lstat(inUsePath);
  if (found === undefined) {
    return undefined;
  }
  if (found.kind !== "file") {
    return { state: "unchecked", sinceMs: 0 };
  }
  const bytes = kernel.readNoFollow(inUsePath, longestMarkBytes);
  const match = /^(open|unchecked) (\d{1,15})\n$/.exec(new TextDecoder().decode(bytes));
  return match === null
    ? { state: "unchecked", sinceMs: 0 }
    : { state: match[1] === "open" ? "open" : "unchecked", sinceMs: Number(match[2]) };
}

/** Leaves the mark, on the disk when it returns. */
export function writeInUse(kernel: Kernel, { state, sinceMs }: InUse): void {
  kernel.writeAtomic(inUsePath, `${state} ${Math.max(0, Math.floor(sinceMs))}\n`, { mode: 0o644 });
}

/** Takes the mark away at the end of a shutdown, unless what it asks for wasn't done. */
export function closeInUse(kernel: Kernel): void {
  if (readInUse(kernel)?.state === "open") {
    kernel.unlink(inUsePath);
  }
}
