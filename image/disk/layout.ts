/** The unit of all places on the disk. */
export const mebibyte = 1024 * 1024;
/** The unit of partition tables. */
export const sectorBytes = 512;

/** A partition's place, in bytes from the start of the disk. */
export interface PartitionPlace {
  /** DOS partition type. */
  type: number;
  startBytes: number;
  sizeBytes: number;
}

const efiType = 0xef;
const linuxType = 0x83;

/** As small as whoever decompresses it likes, as large as it is useful without being enlarged. */
export const diskBytes = 4096 * mebibyte;
/** Two kernels with their initrds; one of arm64, which Debian doesn't compress, has 40 MB. */
const bootBytes = 128 * mebibyte;
/** The uncompressed /usr has 230 MiB. */
const usrBytes = 320 * mebibyte;

/**
 * Loaders, kernels and initrds; two places for /usr, of which one is empty until an upgrade; data. In front of
 * the partition for data is a MiB, whose last sector asks for the filesystem that the first boot makes there
 * (agents/automount/disk/asked-for.ts).
 */
export const partitions: readonly [PartitionPlace, PartitionPlace, PartitionPlace, PartitionPlace] =
  (() => {
    const boot = { type: efiType, startBytes: mebibyte, sizeBytes: bootBytes };
    const first = { type: linuxType, startBytes: end(boot), sizeBytes: usrBytes };
    const second = { type: linuxType, startBytes: end(first), sizeBytes: usrBytes };
    const startBytes = end(second) + mebibyte;
    const data = { type: linuxType, startBytes, sizeBytes: diskBytes - startBytes };
    return [boot, first, second, data] as const;
  })();

function end({ startBytes, sizeBytes }: Pick<PartitionPlace, "startBytes" | "sizeBytes">): number {
  return startBytes + sizeBytes;
}

/** The disk's identifier in its table: the same on every disk of ours, so that an image is the same bytes every time. */
const diskId = 0xb2b0d150;
const codeBytes = 440;

/** Sector 0: code of a boot loader, which may be empty, and the table; the first partition is the active one. */
export function firstSector(code: Uint8Array): Buffer {
  const sector = Buffer.alloc(sectorBytes);
  sector.set(code.subarray(0, codeBytes));
  sector.writeUInt32LE(diskId, codeBytes);
  for (const [index, { type, startBytes, sizeBytes }] of partitions.entries()) {
    const offset = 446 + index * 16;
    // Cylinder, head and sector at their limits say "use the sector numbers".
    sector.set([index === 0 ? 0x80 : 0, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff], offset);
    sector.writeUInt32LE(startBytes / sectorBytes, offset + 8);
    sector.writeUInt32LE(sizeBytes / sectorBytes, offset + 12);
  }
  sector.set([0x55, 0xaa], 510);
  return sector;
}
