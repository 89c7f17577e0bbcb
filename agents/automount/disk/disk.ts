import type { ArchiveFacts } from "../archive/archive.ts";

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
}

/** The request to format, and what goes with it. */
export interface Magic {
  archive: ArchiveFacts;
  /** What lies where our partition starts or would start, whether or not a table leads there. */
  behind: Content;
}

/** What a disk or partition holds. */
export type Content =
  | { is: "unreadable"; why: string }
  /** No signature found by either probe. `zeros`: all bytes looked at (start, end, samples) are zero. */
  | { is: "empty"; zeros: boolean }
  | { is: "ext4"; ext4: Ext4 }
  | { is: "table"; table: PartitionTable }
  /** Anything else, named: "xfs", "LUKS", or several at once. */
  | { is: "foreign"; types: readonly string[]; label: string | undefined };

/** What the superblock of an ext4 filesystem says. */
export interface Ext4 {
  label: string;
  uuid: string;
  sizeBytes: number;
  blockBytes: number;
  /** Whether it has ever been mounted for writing: one that hasn't holds nothing but what mkfs put there. */
  everMounted: boolean;
  /** When it was mounted for writing last, by the clock of that machine; 0 for never. */
  lastMountedMs: number;
  /** Whether e2fsck goes through all of it, which takes long: marked as having errors, or not closed and no journal. */
  needsFullCheck: boolean;
  /** Set by observation where several are labelled: which machine used it last, by its own record. */
  lastMachine?: string;
  /** Set by observation where it matters: whether the root folder is that of an operating system. */
  holdsSystem: boolean | undefined;
}

export interface PartitionTable {
  type: "dos" | "gpt";
  /** False for a GPT of which a part is missing, so that the kernel doesn't see it: one half-written or left over. */
  isWhole: boolean;
  entries: readonly TableEntry[];
}

export interface TableEntry {
  number: number;
  startBytes: number;
  sizeBytes: number;
  /** "83" (DOS, hexadecimal) or the type GUID in lower case (GPT). */
  typeCode: string;
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
