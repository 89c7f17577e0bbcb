import type { TableEntry } from "./content.ts";

const firstEntryOffset = 446;
const entryBytes = 16;
/** Where the boot code ends and the disk identifier and the table begin. */
export const dosTableOffset = 440;
/** DOS counts sectors in 32 bits. */
export const dosMaxSectors = 2 ** 32 - 1;
/** The real thing, by Linux's system calls. */
export const linuxType = 0x83;
/** DOS partition type of the one entry that protects a GPT (UEFI specification 5.2.3). */
export const protectiveType = 0xee;

/**
 * Reads the DOS partition table in sector 0: undefined when there is none or when the bytes can't be one
 * (the boot sectors of FAT and NTFS end in the same signature). Logical partitions are not followed.
 */
export function findDosTable(start: Uint8Array, sectorBytes: number): TableEntry[] | undefined {
  if (start[510] !== 0x55 || start[511] !== 0xaa) {
    return undefined;
  }
  const view = new DataView(start.buffer, start.byteOffset, 512);
  const entries: TableEntry[] = [];
  for (const index of [0, 1, 2, 3]) {
    const offset = firstEntryOffset + index * entryBytes;
    const bootFlag = view.getUint8(offset);
    if (bootFlag !== 0 && bootFlag !== 0x80) {
      return undefined;
    }
    const type = view.getUint8(offset + 4);
    const sectors = view.getUint32(offset + 12, true);
    if (type === 0 && sectors === 0) {
      continue;
    }
    entries.push({
      number: index + 1,
      startBytes: view.getUint32(offset + 8, true) * sectorBytes,
      sizeBytes: sectors * sectorBytes,
      typeCode: type.toString(16).padStart(2, "0"),
    });
  }
  return entries;
}

/** A primary partition of a DOS table, in sectors. */
export interface DosPartition {
  type: number;
  startSector: number;
  sectors: number;
}

/** Bytes 440 to 511 of sector 0: the disk identifier and a table with this one partition. */
export function dosTableBytes(identifier: number, partition: DosPartition): Uint8Array {
  const bytes = new Uint8Array(512 - dosTableOffset);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, identifier, true);
  const entry = firstEntryOffset - dosTableOffset;
  // Cylinder, head and sector at their limits say "use the sector numbers".
  bytes.set([0, 0xfe, 0xff, 0xff, partition.type, 0xfe, 0xff, 0xff], entry);
  view.setUint32(entry + 8, partition.startSector, true);
  view.setUint32(entry + 12, partition.sectors, true);
  bytes.set([0x55, 0xaa], bytes.length - 2);
  return bytes;
}

/**
 * Sector 0 with another size of one partition; all else stays as it is. Undefined when the table is no DOS table or
 * the protective one of a GPT. Throws a RangeError when there is no such partition.
 */
export function withDosSize(
  first: Uint8Array,
  number: number,
  sectors: number,
): Uint8Array | undefined {
  const entries = findDosTable(first, 1);
  if (entries === undefined) {
    return undefined;
  }
  if (entries.some(({ typeCode }) => typeCode === protectiveType.toString(16))) {
    return undefined;
  }
  const entry = entries.find((one) => one.number === number);
  if (entry === undefined || sectors > dosMaxSectors) {
    throw new RangeError(`a DOS table can't give partition ${number} ${sectors} sectors`);
  }
  const changed = first.slice();
  const offset = firstEntryOffset + (number - 1) * entryBytes;
  new DataView(changed.buffer).setUint32(offset + 12, sectors, true);
  return changed;
}
