import type { ArchiveFacts } from "../archive/archive.ts";
import type { Content } from "../content/content.ts";

/**
 * "disk" is what may hold data. The rest is never a candidate: "virtual" is what the kernel makes out of
 * other storage (device mapper, loop, md, zram, ram, network block devices).
 */
export type DiskKind = "disk" | "optical" | "floppy" | "virtual";

/** One whole disk as observed. */
export interface Disk {
  /** Kernel name: "sda", "nvme0n1". */
  name: string;
  /** "/dev/sda" */
  node: string;
  kind: DiskKind;
  sizeBytes: number;
  /** Logical sector: the unit of partition tables. */
  sectorBytes: number;
  readOnly: boolean;
  removable: boolean;
  /** Whether the disk takes discards (TRIM). */
  discards: boolean;
  /** Who uses the disk itself: "mounted at /mnt/x", "swap", "held by dm-0". Not its partitions' users. */
  inUse: string | undefined;
  content: Content;
  /** Set when the disk starts with the flavour's magic; `content` then says what else is on it. */
  magic: Magic | undefined;
  /** In the order of their numbers. */
  partitions: readonly Partition[];
}

/** One partition as the kernel sees it. */
export interface Partition {
  name: string;
  node: string;
  number: number;
  startBytes: number;
  sizeBytes: number;
  readOnly: boolean;
  inUse: string | undefined;
  content: Content;
  /** Set when the sector in front of it has the flavour's magic: an empty partition that is to become the data disk. */
  isAskedFor?: true;
}

/** The request to format, and what goes with it. */
export interface Magic {
  archive: ArchiveFacts;
  /** What lies where our partition starts or would start, whether or not a table leads there. */
  behind: Content;
}

/** "20.0 GB" */
export function sizeText(sizeBytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
