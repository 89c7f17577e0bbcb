import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { Ownership } from "../files.ts";
import { withDescriptor } from "./descriptor.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = fs.constants;

/** Writes all of it to an open descriptor. Throws what node:fs throws. */
export function writeAll(fd: number, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let written = 0;
  // An empty write has a meaning for some files of /proc and /sys.
  do {
    written += fs.writeSync(fd, bytes, written, bytes.length - written);
  } while (written < bytes.length);
}

/** Writes a file beside its place, flushed, and renames it: old or new after a power cut. Throws what node:fs throws. */
export function writeAtomic(
  path: string,
  content: string | Uint8Array,
  ownership: Ownership,
): void {
  const temporary = join(dirname(path), `.${path.slice(path.lastIndexOf("/") + 1)}.new`);
  fs.rmSync(temporary, { force: true });
  const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    withDescriptor(fd, () => {
      writeAll(fd, content);
      own(fd, ownership, 0o644);
      fs.fsyncSync(fd);
    });
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  withDescriptor(fs.openSync(dirname(path), O_RDONLY | O_DIRECTORY), fs.fsyncSync);
}

/** Sets owner and mode of an open file; the owner first: a change of owner clears setuid bits. Throws what node:fs throws. */
export function own(fd: number, { mode, owner }: Ownership, defaultMode: number | undefined): void {
  if (owner !== undefined) {
    fs.fchownSync(fd, owner.uid, owner.gid);
  }
  const wanted = mode ?? defaultMode;
  if (wanted !== undefined) {
    fs.fchmodSync(fd, wanted);
  }
}
