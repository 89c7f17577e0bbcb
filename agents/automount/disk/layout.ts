import { mebibyte } from "../../units/bytes.ts";
import { dosMaxSectors, linuxType } from "../content/dos-table.ts";
import { linuxDataGuid } from "../content/gpt.ts";
import type { Disk } from "./disk.ts";

/** Below it a filesystem with a journal has no room worth having. */
export const leastDiskBytes = 64 * mebibyte;
/** 32 sectors of 512 bytes: the array of 128 entries; and the same with its header at the end of the disk. */
const gptTailBytes = 33 * 512;

/** Where the one partition of a disk that we set up lies. */
export interface Layout {
  table: "dos" | "gpt";
  startBytes: number;
  sizeBytes: number;
}

/**
 * One partition over the whole disk, at 1 MiB steps. The userdata archive lies in front of it, so nothing of
 * the set-up overwrites it: a DOS table fits beside the magic in sector 0. Where 32 bits don't count the
 * sectors (2 TiB at 512 bytes), GPT: its header takes the archive's second block, which only repeats the
 * magic, and its entries lie behind the archive, in the second MiB. With larger sectors the header would
 * take a block that is needed, so there the partition ends where DOS ends (16 TiB at 4096 bytes).
 */
export function layoutOf(disk: Pick<Disk, "sizeBytes" | "sectorBytes">): Layout {
  const dosLimitBytes = dosMaxSectors * disk.sectorBytes;
  if (disk.sizeBytes <= dosLimitBytes || disk.sectorBytes !== 512) {
    const endBytes = wholeMebibytes(Math.min(disk.sizeBytes, dosLimitBytes));
    return { table: "dos", startBytes: mebibyte, sizeBytes: endBytes - mebibyte };
  }
  const endBytes = wholeMebibytes(disk.sizeBytes - gptTailBytes);
  return { table: "gpt", startBytes: 2 * mebibyte, sizeBytes: endBytes - 2 * mebibyte };
}

/** GPT's entries lie between the archive and the partition. */
export const gptEntriesOffset = mebibyte;

/**
 * Whether the disk's table is one that `layoutOf` made, of this disk or of it before it grew; also when it is not
 * whole, as a power cut leaves it. A DOS table beside the archive has to have been written by us.
 */
export function isOurTable(disk: Disk): boolean {
  if (disk.content.is !== "table") {
    return false;
  }
  const { type, entries } = disk.content.table;
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1 || entry.number !== 1) {
    return false;
  }
  const { startBytes, typeCode } = entry;
  if (startBytes + entry.sizeBytes > disk.sizeBytes || entry.sizeBytes % mebibyte !== 0) {
    return false;
  }
  if (type === "dos") {
    return startBytes === mebibyte && typeCode === linuxType.toString(16);
  }
  return startBytes === 2 * mebibyte && typeCode === linuxDataGuid;
}

function wholeMebibytes(bytes: number): number {
  return Math.floor(bytes / mebibyte) * mebibyte;
}
