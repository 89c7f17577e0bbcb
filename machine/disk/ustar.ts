import { Header } from "tar/header";

/** A member of an archive: a file with content, or a directory. */
export interface ArchiveMember {
  readonly name: string;
  readonly mode: number;
  /** A directory has none. */
  readonly content?: Buffer;
}

const blockBytes = 512;

/**
 * Writes a USTAR archive (POSIX.1-1988, pax(1)): every member owned by 0:0 and from the epoch, so
 * that the same members give the same bytes; two zero blocks at the end and no further padding.
 * Throws a RangeError for a name that has no place in a header.
 */
export function writeArchive(members: readonly ArchiveMember[]): Buffer {
  const blocks = members.flatMap((member) => [header(member), padded(member.content)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header({ name, mode, content }: ArchiveMember): Buffer {
  const block = Buffer.alloc(blockBytes);
  const needsMore = new Header({
    path: name,
    mode,
    uid: 0,
    gid: 0,
    size: content?.length ?? 0,
    mtime: new Date(0),
    type: content === undefined ? "Directory" : "File",
    devmaj: 0,
    devmin: 0,
  }).encode(block);
  // What doesn't fit is cut off, for a second header (pax) that older guests don't read.
  if (needsMore) {
    throw new RangeError(`The name ${name} is too long for the header of a USTAR archive.`);
  }
  return block;
}

function padded(content: Buffer | undefined): Buffer {
  const length = content?.length ?? 0;
  const block = Buffer.alloc(Math.ceil(length / blockBytes) * blockBytes);
  content?.copy(block);
  return block;
}
