/** A member of an archive: a file with content, or a directory. */
export interface ArchiveMember {
  readonly name: string;
  readonly mode: number;
  /** A directory has none. */
  readonly content?: Buffer;
}

const BLOCK_BYTES = 512;
const NAME_MAX_BYTES = 100;
const CHECKSUM_OFFSET = 148;
const CHECKSUM_BYTES = 8;

/**
 * Writes a USTAR archive (POSIX.1-1988, pax(1)): every member owned by 0:0 and from the epoch, so
 * that the same members give the same bytes; two zero blocks at the end and no further padding.
 */
export function writeArchive(members: readonly ArchiveMember[]): Buffer {
  const blocks = members.flatMap((member) => [header(member), padded(member.content)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function header(member: ArchiveMember): Buffer {
  const name = Buffer.from(member.name);
  if (name.length > NAME_MAX_BYTES) {
    throw new RangeError(`The name ${member.name} has ${name.length} bytes; USTAR takes 100.`);
  }
  const block = Buffer.alloc(BLOCK_BYTES);
  name.copy(block, 0);
  block.write(octal(member.mode, 8), 100, "latin1");
  block.write(octal(0, 8), 108, "latin1");
  block.write(octal(0, 8), 116, "latin1");
  block.write(octal(member.content?.length ?? 0, 12), 124, "latin1");
  block.write(octal(0, 12), 136, "latin1");
  block.write(member.content === undefined ? "5" : "0", 156, "latin1");
  block.write("ustar\0" + "00", 257, "latin1");
  block.write(octal(0, 8), 329, "latin1");
  block.write(octal(0, 8), 337, "latin1");
  // The sum is taken with its own field as spaces, and written as six digits, NUL, space.
  block.fill(" ", CHECKSUM_OFFSET, CHECKSUM_OFFSET + CHECKSUM_BYTES);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)} `, CHECKSUM_OFFSET, "latin1");
  return block;
}

/** Digits, filled up with zeros on the left, and a NUL: `bytes` in all. */
function octal(value: number, bytes: number): string {
  return `${value.toString(8).padStart(bytes - 1, "0")}\0`;
}

function padded(content: Buffer | undefined): Buffer {
  const length = content?.length ?? 0;
  const block = Buffer.alloc(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES);
  content?.copy(block);
  return block;
}
