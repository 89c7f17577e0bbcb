import { mebibyte } from "../../units/bytes.ts";
import { dosMaxSectors } from "../content/dos-table.ts";
import type { Disk, Partition } from "../disk/disk.ts";
import type { Filesystem } from "../disk/filesystems.ts";
import { isOurTable, layoutOf } from "../disk/layout.ts";

/** Less is not worth a write: tools leave gaps of some MiB at the end on purpose. */
export const leastGrowthBytes = 16 * mebibyte;

/** What of a data disk that was enlarged is to follow; nothing ever shrinks or moves. */
export interface Growth {
  /** New size of the partition; undefined when it stays. */
  partitionBytes: number | undefined;
  filesystem: boolean;
}

/**
 * How the data filesystem grows. Its partition grows only when nothing lies behind it, in a DOS table, or in a
 * GPT of ours: the write is then one sector, which a power cut leaves old or new. The filesystem also follows a
 * partition that grew on an earlier boot.
 */
export function growthOf({ disk, partition, ext4, readOnly }: Filesystem): Growth {
  if (readOnly) {
    return { partitionBytes: undefined, filesystem: false };
  }
  const partitionBytes = partition === undefined ? undefined : grownBytes(disk, partition);
  const roomBytes = partitionBytes ?? (partition ?? disk).sizeBytes;
  return { partitionBytes, filesystem: roomBytes - ext4.sizeBytes >= leastGrowthBytes };
}

/** The size that a partition can grow to; undefined when it stays as it is. */
export function grownBytes(disk: Disk, partition: Partition): number | undefined {
  if (disk.content.is !== "table" || !disk.content.table.isWhole) {
    return undefined;
  }
  const { type, entries } = disk.content.table;
  const { number, startBytes, sizeBytes } = partition;
  const entry = entries.find((one) => one.number === number);
  if (entry?.startBytes !== startBytes || entry.sizeBytes !== sizeBytes) {
    return undefined;
  }
  const isLast = [...entries, ...disk.partitions].every(
    (other) => other.number === number || other.startBytes + other.sizeBytes <= startBytes,
  );
  const endBytes = type === "dos" ? dosEnd(disk) : gptEnd(disk);
  if (!isLast || endBytes === undefined) {
    return undefined;
  }
  const newBytes = endBytes - startBytes;
  return newBytes - sizeBytes >= leastGrowthBytes ? newBytes : undefined;
}

function dosEnd({ sizeBytes, sectorBytes }: Disk): number {
  const end = Math.min(sizeBytes, dosMaxSectors * sectorBytes);
  return Math.floor(end / mebibyte) * mebibyte;
}

/** A GPT of others may have its entries where they can't be replaced in one write. */
function gptEnd(disk: Disk): number | undefined {
  if (!isOurTable(disk)) {
    return undefined;
  }
  const { table, startBytes, sizeBytes } = layoutOf(disk);
  return table === "gpt" ? startBytes + sizeBytes : undefined;
}
