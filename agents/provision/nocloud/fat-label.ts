/** Reads from a disk's start; fewer bytes than asked for at its end. */
export type ReadAt = (offsetBytes: number, lengthBytes: number) => Uint8Array;

const entryBytes = 32;
const labelBytes = 11;
const isLabel = 0x08;
const isFolder = 0x10;
/** Attributes of an entry that holds a part of a long name. */
const longName = 0x0f;
/** The most of a root folder that is looked at: a label is its first entry nearly always. */
const maxFolderBytes = 64 * 1024;
/** Numbers of clusters from here on mean a bad one, or the end of a chain. */
const firstReserved = 0x0fff_fff7;

/**
 * The label of a FAT filesystem (Microsoft: "FAT: General Overview of On-Disk Format"), undefined for everything
 * else, and "" for one without. Windows writes it into the root folder alone and leaves that of the boot sector as it
 * was, so that the folder's counts where it has one.
 */
export function fatLabel(read: ReadAt): string | undefined {
  const sector = Buffer.from(read(0, 512));
  const layout = layoutOf(sector);
  if (layout === undefined) {
    return undefined;
  }
  const { isFat32 } = layout;
  const ofFolder = isFat32 ? labelOfChain(read, layout) : labelIn(read(...fixedFolder(layout)));
  const [signature, label] = isFat32 ? [66, 71] : [38, 43];
  const ofSector =
    sector[signature] === 0x29 ? sector.toString("latin1", label, label + labelBytes) : "";
  return (ofFolder ?? ofSector).trimEnd();
}

interface FatLayout {
  isFat32: boolean;
  sectorBytes: number;
  clusterBytes: number;
  reservedBytes: number;
  fatBytes: number;
  fats: number;
  rootEntries: number;
  rootCluster: number;
}

/** The fields of the boot sector, when they can be those of a FAT. */
function layoutOf(sector: Buffer): FatLayout | undefined {
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) {
    return undefined;
  }
  const sectorBytes = sector.readUInt16LE(11);
  const clusterSectors = sector[13] ?? 0;
  const reserved = sector.readUInt16LE(14);
  const fats = sector[16] ?? 0;
  const rootEntries = sector.readUInt16LE(17);
  const shortFat = sector.readUInt16LE(22);
  const isFat32 = shortFat === 0;
  const fatSectors = isFat32 ? sector.readUInt32LE(36) : shortFat;
  const isSound =
    [512, 1024, 2048, 4096].includes(sectorBytes) &&
    isPowerOfTwo(clusterSectors) &&
    reserved > 0 &&
    (fats === 1 || fats === 2) &&
    fatSectors > 0 &&
    (sector[21] ?? 0) >= 0xf0 &&
    (rootEntries === 0) === isFat32;
  return isSound
    ? {
        isFat32,
        sectorBytes,
        clusterBytes: clusterSectors * sectorBytes,
        reservedBytes: reserved * sectorBytes,
        fatBytes: fatSectors * sectorBytes,
        fats,
        rootEntries,
        rootCluster: sector.readUInt32LE(44),
      }
    : undefined;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

/** Where the root folder of FAT12 and FAT16 lies. */
function fixedFolder({
  reservedBytes,
  fats,
  fatBytes,
  rootEntries,
}: FatLayout): [offsetBytes: number, lengthBytes: number] {
  return [reservedBytes + fats * fatBytes, Math.min(rootEntries * entryBytes, maxFolderBytes)];
}

/** FAT32's root folder is a chain of clusters. */
function labelOfChain(read: ReadAt, layout: FatLayout): string | undefined {
  const { reservedBytes, fats, fatBytes, clusterBytes } = layout;
  const dataOffset = reservedBytes + fats * fatBytes;
  let cluster = layout.rootCluster;
  for (let seen = 0; seen < maxFolderBytes && cluster >= 2; seen += clusterBytes) {
    if (cluster >= firstReserved) {
      return undefined;
    }
    const folder = read(dataOffset + (cluster - 2) * clusterBytes, clusterBytes);
    const label = labelIn(folder);
    if (label !== undefined || isLast(folder)) {
      return label;
    }
    const next = Buffer.from(read(reservedBytes + cluster * 4, 4));
    if (cluster * 4 + 4 > fatBytes || next.length < 4) {
      return undefined;
    }
    cluster = next.readUInt32LE(0) & 0x0fff_ffff;
  }
  return undefined;
}

function isLast(folder: Uint8Array): boolean {
  for (let at = 0; at + entryBytes <= folder.length; at += entryBytes) {
    if (folder[at] === 0) {
      return true;
    }
  }
  return folder.length === 0;
}

/** The label's entry in a part of a root folder. */
function labelIn(folder: Uint8Array): string | undefined {
  for (let at = 0; at + entryBytes <= folder.length; at += entryBytes) {
    const [first = 0, attributes = 0] = [folder[at], folder[at + labelBytes]];
    if (first === 0) {
      return undefined;
    }
    const isDeleted = first === 0xe5;
    const isName = (attributes & longName) === longName || (attributes & isFolder) !== 0;
    if (!isDeleted && !isName && (attributes & isLabel) !== 0) {
      return Buffer.from(folder.subarray(at, at + labelBytes)).toString("latin1");
    }
  }
  return undefined;
}
