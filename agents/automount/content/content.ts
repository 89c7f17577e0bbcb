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

/** A partition table as it stands on a disk, whether or not the kernel takes it. */
export interface PartitionTable {
  type: "dos" | "gpt";
  /** False for a GPT of which a part is missing, so that the kernel doesn't see it: one half-written or left over. */
  isWhole: boolean;
  entries: readonly TableEntry[];
}

/** One entry of a partition table. */
export interface TableEntry {
  number: number;
  startBytes: number;
  sizeBytes: number;
  /** "83" (DOS, hexadecimal) or the type GUID in lower case (GPT). */
  typeCode: string;
}

/** "ext4 labelled boot2podman-data", for messages. */
export function contentText(content: Content): string {
  switch (content.is) {
    case "unreadable":
      return `unreadable (${content.why})`;
    case "empty":
      return "nothing";
    case "table":
      return `${content.table.type.toUpperCase()} partition table`;
    case "ext4":
      return content.ext4.label === ""
        ? "ext4 without a label"
        : `ext4 labelled ${JSON.stringify(content.ext4.label)}`;
    case "foreign":
      return content.types.join(" and ");
  }
}
