import { ext4Checksum } from "./crc32.ts";

const checksumOffset = 0x3fc;
const magicOffset = 0x38;
const readOnlyCompatibleOffset = 0x64;
const incompatibleOffset = 0x60;
const hasChecksums = 0x400;
const needsRecovery = 0x4;
const is64Bit = 0x80;
const hasChecksumSeed = 0x2000;
const uuidOffset = 0x68;
const descriptorSizeOffset = 0xfe;
const checksumSeedOffset = 0x270;
/** Where a group's descriptor has its own checksum (kernel: fs/ext4/ext4.h, ext4_group_desc). */
const descriptorChecksumOffset = 0x1e;

/** Where what never changes while a filesystem is used lies: geometry, UUID, journal, hash seed, time of mkfs. */
const constants: readonly (readonly [offset: number, lengthBytes: number])[] = [
  [0x14, 0x18],
  [magicOffset, 2],
  [0x48, 8],
  [0x54, 6],
  [0x68, 16],
  [0xe0, 8],
  [0xec, 17],
  [0xfe, 2],
  [0x104, 8],
  [0x174, 2],
];

/** What else on the disk tells whether a superblock's bytes are those of its filesystem. */
export type Witness =
  | { is: "copy"; superblock: Uint8Array }
  /** A filesystem with one group has no copy: the start of the block with its descriptor. */
  | { is: "descriptor"; bytes: Uint8Array };

/**
 * The superblock with the checksum that its bytes have; undefined where that is no way to mend it.
 *
 * ext4 writes its superblock in place, and a disk with sectors of 512 bytes may lose one half of it in a power cut.
 * Either half, old or new, is sound: the first one has all that counts, the second one little more than the checksum.
 * What else the cut interrupted is in the journal. That the bytes were damaged in another way is ruled out as far as
 * the witness shows.
 */
export function withMendedChecksum(
  superblock: Uint8Array,
  witness: Witness,
): Uint8Array | undefined {
  const own = viewOf(superblock);
  if (own.getUint16(magicOffset, true) !== 0xef53) {
    return undefined;
  }
  if ((own.getUint32(readOnlyCompatibleOffset, true) & hasChecksums) === 0) {
    return undefined;
  }
  const isBorneOut =
    witness.is === "copy"
      ? agreesWithCopy(superblock, witness.superblock)
      : agreesWithDescriptor(superblock, witness.bytes);
  if (!isBorneOut) {
    return undefined;
  }
  const checksum = ext4Checksum(superblock.subarray(0, checksumOffset));
  if (checksum === own.getUint32(checksumOffset, true)) {
    return undefined;
  }
  const mended = Uint8Array.from(superblock);
  viewOf(mended).setUint32(checksumOffset, checksum, true);
  return mended;
}

/**
 * Whether a superblock's copy is that of the filesystem on this disk, and not what an earlier one left at that place:
 * both have one UUID, or the first group was written with the copy's (the superblock's own may be what is damaged).
 *
 * @param firstGroup the start of the block with the first group's descriptor
 */
export function isOwnCopy(
  superblock: Uint8Array,
  copy: Uint8Array,
  firstGroup: Uint8Array,
): boolean {
  const uuid = (bytes: Uint8Array) => bytes.subarray(uuidOffset, uuidOffset + 16);
  const isSame = Buffer.compare(uuid(superblock), uuid(copy)) === 0;
  return isSame || agreesWithDescriptor(copy, firstGroup);
}

/** The copy's own checksum doesn't count, since a resize writes all copies at the same time. */
function agreesWithCopy(superblock: Uint8Array, copy: Uint8Array): boolean {
  const features = (bytes: Uint8Array) =>
    viewOf(bytes).getUint32(incompatibleOffset, true) & ~needsRecovery;
  const isSame = ([offset, lengthBytes]: readonly [number, number]) =>
    Buffer.compare(
      superblock.subarray(offset, offset + lengthBytes),
      copy.subarray(offset, offset + lengthBytes),
    ) === 0;
  return features(superblock) === features(copy) && constants.every(isSame);
}

/**
 * A descriptor's checksum is that of the filesystem's UUID, the group's number and the descriptor, of the size that the
 * superblock has (kernel: fs/ext4/super.c, ext4_group_desc_csum). The first 16 bits of it are kept. What else of the
 * superblock could be wrong, its geometry above all, e2fsck compares with the groups.
 */
function agreesWithDescriptor(superblock: Uint8Array, block: Uint8Array): boolean {
  const own = viewOf(superblock);
  const features = own.getUint32(incompatibleOffset, true);
  const sizeBytes = (features & is64Bit) === 0 ? 32 : own.getUint16(descriptorSizeOffset, true);
  if (sizeBytes < 32 || sizeBytes > block.length) {
    return false;
  }
  const descriptor = Uint8Array.from(block.subarray(0, sizeBytes));
  const view = viewOf(descriptor);
  const kept = view.getUint16(descriptorChecksumOffset, true);
  view.setUint16(descriptorChecksumOffset, 0, true);
  const firstGroup = new Uint8Array(4);
  const seed =
    (features & hasChecksumSeed) === 0
      ? ext4Checksum(superblock.subarray(uuidOffset, uuidOffset + 16))
      : own.getUint32(checksumSeedOffset, true);
  return (ext4Checksum(descriptor, ext4Checksum(firstGroup, seed)) & 0xffff) === kept;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
