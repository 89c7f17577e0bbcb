import type { Ext4 } from "./content.ts";

/** Where the superblock lies (kernel: Documentation/filesystems/ext4/super.rst). */
export const superblockOffset = 1024;
/**
 * Length of ext4's superblock, which lies 1024 bytes into the filesystem (kernel: Documentation/filesystems/ext4).
 */
export const superblockBytes = 1024;
const magicOffset = 0x38;
const magic = 0xef53;

/** With a journal it stays set; without one it is gone while the filesystem is mounted. */
const stateIsClosed = 0x1;
const stateHasErrors = 0x2;
const hasJournal = 0x4;
const journalDevice = 0x8;
/** What ext3 knows; a filesystem with any feature beyond is ext4 (as libblkid decides). */
const ext3Incompatible = 0x2 | 0x4 | 0x10;
const ext3ReadOnlyCompatible = 0x1 | 0x2 | 0x4;

/** What lies at an ext superblock's place. */
export type ExtFound =
  | { type: "ext4"; ext4: Ext4 }
  | { type: "ext2" | "ext3" | "external ext journal"; label: string };

/** Reads the superblock of ext2, ext3 or ext4 in the first bytes of a device; undefined when there is none. */
export function findExt(start: Uint8Array): ExtFound | undefined {
  if (start.length < superblockOffset + superblockBytes) {
    return undefined;
  }
  const view = new DataView(start.buffer, start.byteOffset + superblockOffset, superblockBytes);
  if (view.getUint16(magicOffset, true) !== magic) {
    return undefined;
  }
  const incompatible = view.getUint32(0x60, true);
  const readOnlyCompatible = view.getUint32(0x64, true);
  const label = textAt(view, 0x78, 16);
  if ((incompatible & journalDevice) !== 0) {
    return { type: "external ext journal", label };
  }
  const beyondExt3 =
    (incompatible & ~ext3Incompatible) !== 0 ||
    (readOnlyCompatible & ~ext3ReadOnlyCompatible) !== 0;
  if (!beyondExt3) {
    const journal = (view.getUint32(0x5c, true) & hasJournal) !== 0;
    return { type: journal ? "ext3" : "ext2", label };
  }
  const blockBytes = 1024 * 2 ** view.getUint32(0x18, true);
  const is64Bit = (incompatible & 0x80) !== 0;
  const blocks = view.getUint32(0x04, true) + (is64Bit ? view.getUint32(0x150, true) * 2 ** 32 : 0);
  const ext4: Ext4 = {
    label,
    uuid: uuidAt(view, 0x68),
    sizeBytes: blocks * blockBytes,
    blockBytes,
    // The kernel sets the time and the count, and flushes them, before anything else of a writable mount.
    everMounted: view.getUint32(0x2c, true) !== 0 || view.getUint16(0x34, true) !== 0,
    lastMountedMs: (view.getUint32(0x2c, true) + view.getUint8(0x274) * 2 ** 32) * 1000,
    needsFullCheck:
      (view.getUint16(0x3a, true) & (stateIsClosed | stateHasErrors)) !== stateIsClosed,
    holdsSystem: undefined,
  };
  return { type: "ext4", ext4 };
}

/** Whether these bytes are a superblock's as far as its magic shows. */
export function hasMagic(bytes: Uint8Array): boolean {
  if (bytes.length < superblockBytes) {
    return false;
  }
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(magicOffset, true) === magic;
}

/** A copy that ext4 keeps of its superblock. */
export interface SuperblockCopy {
  block: number;
  blockBytes: number;
}

/** The copy at the start of the second group. */
export function firstCopy({ blockBytes }: Pick<Ext4, "blockBytes">): SuperblockCopy {
  // A group has as many blocks as one block of bitmap counts; with blocks of 1024 bytes it starts at block 1.
  return { block: blockBytes * 8 + (blockBytes === 1024 ? 1 : 0), blockBytes };
}

/** The largest descriptor of a group that ext4 knows. */
export const descriptorBytes = 64;

/** Where the descriptors of the groups begin: in the block behind the superblock's. */
export function descriptorsOffset(blockBytes: number): number {
  return blockBytes * (Math.floor(superblockOffset / blockBytes) + 1);
}

/** A label may fill its field to the last byte, without a zero behind it. */
function textAt(view: DataView, offset: number, maxBytes: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, maxBytes);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
}

function uuidAt(view: DataView, offset: number): string {
  const hex = Buffer.from(new Uint8Array(view.buffer, view.byteOffset + offset, 16)).toString(
    "hex",
  );
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
