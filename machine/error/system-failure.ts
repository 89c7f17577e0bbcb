import { isDiskFull, systemErrorCode } from "../../system-error.ts";
import { MachineError } from "./machine-error.ts";

/** What the failures of system calls that people meet mean for a file or folder. */
const meanings: Readonly<Record<string, (path: string) => string>> = {
  EACCES: denied,
  EPERM: denied,
  EROFS: (path) => `${path} can't be written: its filesystem is read-only.`,
  ENOTDIR: (path) => `${path} can't be reached: a part of this path is a file, not a folder.`,
  EIO: (path) => `${path} can't be read or written: the host's disk fails.`,
  EMFILE: () => "This user has too many open files: raise the limit (ulimit -n).",
};

function denied(path: string): string {
  return `${path} may not be used by this user: it belongs to another, or its mode denies it. Run the command as its owner, or name a store of your own with --storage-path.`;
}

/** The error for a disk of the host, or a person's part of it, that is full. */
export function noRoomFor(path: string, cause: unknown): MachineError {
  return new MachineError(`There is no room on the host's disk for ${path}: make room there.`, {
    cause,
  });
}

/** An error of a system call in a line that says what to do; others, and what isn't known here, as they are. */
export function asMachineError(error: unknown): unknown {
  const path = pathOf(error);
  if (error instanceof MachineError || path === undefined) {
    return error;
  }
  if (isDiskFull(error)) {
    return noRoomFor(path, error);
  }
  const meaning = meanings[systemErrorCode(error) ?? ""];
  return meaning === undefined ? error : new MachineError(meaning(path), { cause: error });
}

function pathOf(error: unknown): string | undefined {
  return error instanceof Error && "path" in error && typeof error.path === "string"
    ? error.path
    : undefined;
}
