import { oneLine } from "../../command/one-line.ts";
import { mebibyte } from "../../units/bytes.ts";
import { areZero } from "../content/blank.ts";
import { dosTableOffset } from "../content/dos-table.ts";
import { judgeMember } from "./judge.ts";
import { blockBytes, readTarHeader, type TarHeader } from "./tar-header.ts";

/** An archive lies before the first partition. */
export const maxArchiveBytes = mebibyte;
const maxMembers = 1024;

/** A file or folder that may be written below the user's home folder. */
export interface Member {
  /** Relative, without "." or ".." and without a slash at the end. */
  path: string;
  kind: "file" | "folder";
  mode: number;
  content: Uint8Array;
}

/** What stands behind the magic. */
export type ArchiveFacts =
  /** The magic alone: `echo MAGIC | dd of=DISK`. */
  | { state: "none" }
  | { state: "complete"; lengthBytes: number; members: number }
  /** Truncated, damaged or hostile; nothing of it is used. */
  | { state: "refused"; lengthBytes: number; why: string };

/** What stands behind the magic: no archive, a whole one, or one that is refused as a whole, with the reason. */
export type ArchiveRead =
  | { state: "none" }
  | { state: "complete"; lengthBytes: number; members: readonly Member[] }
  | { state: "refused"; lengthBytes: number; why: string };

/** What of an archive belongs into a record: the number of its members, not their content. */
export function archiveFacts(read: ArchiveRead): ArchiveFacts {
  return read.state === "complete" ? { ...read, members: read.members.length } : read;
}

/**
 * Reads the userdata archive that starts at byte 0, to its end marker (two blocks of zeros).
 *
 * All or nothing: one member that may not be written refuses the archive. The member named as the magic, by
 * which the archive is recognised, is dropped.
 *
 * @param disk the first bytes of the disk, or a kept userdata.tar
 */
export function readArchive(disk: Uint8Array, magic: string): ArchiveRead {
  const start = disk.subarray(0, maxArchiveBytes);
  const bytes = startsWith(start, magic) ? originalArchive(start, magic) : start;
  if (Buffer.from(bytes.subarray(257, 262)).toString("latin1") !== "ustar") {
    return { state: "none" };
  }
  const members: Member[] = [];
  let offset = 0;
  try {
    for (let count = 0; ; count += 1) {
      const block = wholeBlocks(bytes, offset, blockBytes);
      if (areZero(block)) {
        if (!areZero(wholeBlocks(bytes, offset + blockBytes, blockBytes))) {
          throw new Error("data follows a block of zeros");
        }
        return { state: "complete", lengthBytes: offset + 2 * blockBytes, members };
      }
      if (count >= maxMembers) {
        throw new Error(`it has more than ${maxMembers} members`);
      }
      const header = readTarHeader(block);
      const paddedBytes = Math.ceil(header.sizeBytes / blockBytes) * blockBytes;
      const content = wholeBlocks(bytes, offset + blockBytes, paddedBytes);
      offset += blockBytes + paddedBytes;
      if (header.name === magic) {
        continue;
      }
      const member = memberOf(header, content.slice(0, header.sizeBytes));
      if (member !== undefined) {
        members.push(member);
      }
    }
  } catch (error) {
    const why = oneLine(error);
    return { state: "refused", lengthBytes: Math.min(offset, bytes.length), why };
  }
}

function memberOf(header: TarHeader, content: Uint8Array): Member | undefined {
  const judged = judgeMember(header, content);
  return judged === undefined ? undefined : { ...judged, content };
}

/**
 * The archive as its writer made it. A set-up that was interrupted has written its partition table into the
 * padding of the first header, and on a large disk the header of a GPT over the second block, which only
 * repeated the magic.
 */
export function originalArchive(start: Uint8Array, magic: string): Uint8Array {
  // A kept archive may have been cut short.
  if (start.length < 2 * blockBytes) {
    return start;
  }
  const bytes = start.slice();
  bytes.fill(0, dosTableOffset, blockBytes);
  bytes.fill(0, blockBytes, 2 * blockBytes);
  bytes.set(Buffer.from(magic, "latin1"), blockBytes);
  return bytes;
}

/** Whether a disk or archive begins with the magic. */
export function startsWith(start: Uint8Array, magic: string): boolean {
  return Buffer.from(start.subarray(0, magic.length)).toString("latin1") === magic;
}

function wholeBlocks(bytes: Uint8Array, offset: number, lengthBytes: number): Uint8Array {
  if (offset + lengthBytes > bytes.length) {
    throw new Error(`it has no end marker within ${maxArchiveBytes} bytes`);
  }
  return bytes.subarray(offset, offset + lengthBytes);
}
