/** Fields of ELF's header and tables (elf(5)), as much as a loader needs of them. */
const elfHeaderBytes = 64;
const programHeaderBytes = 56;
/** Linux has five. */
const mostProgramHeaders = 64;
const type = { load: 1, note: 4 };
/** "\x7fELF", 64 bits, little endian. */
const identity = "7f454c460201";
const machineX86 = 62;
/** Linux: include/xen/interface/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY. */
const physicalEntry = 18;

interface Segment {
  readonly type: number;
  readonly bytes: Buffer;
  readonly physicalStart: number;
  readonly physicalEnd: number;
}

/**
 * Where a kernel can be entered by PVH, as QEMU does with an uncompressed one (Xen: docs/misc/pvh.pandoc): the
 * physical address in its ELF note. Undefined for what isn't a whole x86-64 kernel with such an entry in it.
 */
export function pvhEntry(elf: Buffer): number | undefined {
  const segments = segmentsOf(elf);
  const entry = segments
    ?.filter((one) => one.type === type.note)
    .map(entryInNotes)
    .find(Boolean);
  const isInside = segments?.some(
    (one) =>
      one.type === type.load &&
      entry !== undefined &&
      entry >= one.physicalStart &&
      entry < one.physicalEnd,
  );
  return isInside ? entry : undefined;
}

/** Undefined when a segment isn't in the file as a whole. */
function segmentsOf(elf: Buffer): Segment[] | undefined {
  const isElf =
    elf.length >= elfHeaderBytes &&
    elf.toString("hex", 0, 6) === identity &&
    elf.readUInt16LE(18) === machineX86 &&
    elf.readUInt16LE(54) === programHeaderBytes;
  if (!isElf) {
    return undefined;
  }
  const count = elf.readUInt16LE(56);
  const table = part(elf, elf.readBigUInt64LE(32), BigInt(count * programHeaderBytes));
  if (count > mostProgramHeaders || table === undefined) {
    return undefined;
  }
  const segments: Segment[] = [];
  for (let at = 0; at < table.length; at += programHeaderBytes) {
    const sizeBytes = table.readBigUInt64LE(at + 32);
    const bytes = part(elf, table.readBigUInt64LE(at + 8), sizeBytes);
    if (bytes === undefined) {
      return undefined;
    }
    const physicalStart = Number(table.readBigUInt64LE(at + 24));
    segments.push({
      type: table.readUInt32LE(at),
      bytes,
      physicalStart,
      physicalEnd: physicalStart + bytes.length,
    });
  }
  return segments;
}

function part(bytes: Buffer, start: bigint, length: bigint): Buffer | undefined {
  return start + length > BigInt(bytes.length)
    ? undefined
    : bytes.subarray(Number(start), Number(start + length));
}

/** Each note: the lengths of name and description, a type, and both, each padded to four bytes. */
function entryInNotes({ bytes }: Segment): number | undefined {
  let at = 0;
  while (at + 12 <= bytes.length) {
    const nameBytes = bytes.readUInt32LE(at);
    const descriptionBytes = bytes.readUInt32LE(at + 4);
    const name = at + 12;
    const description = name + padded(nameBytes);
    const next = description + padded(descriptionBytes);
    if (description + descriptionBytes > bytes.length) {
      return undefined;
    }
    const isEntry =
      bytes.readUInt32LE(at + 8) === physicalEntry &&
      bytes.toString("latin1", name, name + nameBytes) === "Xen\0" &&
      descriptionBytes >= 4;
    if (isEntry) {
      return bytes.readUInt32LE(description);
    }
    at = next;
  }
  return undefined;
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 4) * 4;
}
