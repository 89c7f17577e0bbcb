import { ext4Checksum } from "./crc32.ts";

const checksumOffset = 0x3fc;
const magicOffset = 0x38;
const readOnlyCompatibleOffset = 0x64;
const incompatibleOffset = 0x60;
const hasChecksums = 0x400;
const needsRecovery = 0x4;

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

/**
 * The superblock with the checksum that its bytes have; undefined where that is no way to mend it.
 *
 * ext4 writes its superblock in place, and a disk with sectors of 512 bytes may lose one half of it in a power cut.
 * Either half, old or new, is sound: the first one has all that counts, the second one little more than the checksum.
 * What else the cut interrupted is in the journal. That the bytes were damaged in another way is ruled out as far as a
 * copy shows; the copy's own checksum doesn't count, since a resize writes all copies at the same time.
 */
export function withMendedChecksum(
  superblock: Uint8Array,
  copy: Uint8Array,
): Uint8Array | undefined {
  const [own, other] = [viewOf(superblock), viewOf(copy)];
  if (own.getUint16(magicOffset, true) !== 0xef53) {
    return undefined;
  }
  if ((own.getUint32(readOnlyCompatibleOffset, true) & hasChecksums) === 0) {
    return undefined;
  }
  const features = (view: DataView) => view.getUint32(incompatibleOffset, true) & ~needsRecovery;
  if (features(own) !== features(other)) {
    return undefined;
  }
  const isSame = ([offset, lengthBytes]: readonly [number, number]) =>
    Buffer.compare(
      superblock.subarray(offset, offset + lengthBytes),
      copy.subarray(offset, offset + lengthBytes),
    ) === 0;
  if (!constants.every(isSame)) {
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

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
