import type { Entry } from "../files/entry.ts";
import { BuildError } from "../report/build-error.ts";
import type { Position } from "./metadata.ts";

/** Types of inodes and of folder entries. */
export const inodeTypes = { folder: 1, file: 2, link: 3 } as const;
const extendedFolder = 8;
const noFragment = 0xffffffff;
/** Set in a block's size when it is stored as it is. */
export const storedBit = 1 << 24;

/** What every inode begins with. */
export interface InodeHead {
  entry: Entry;
  inode: number;
  /** Places of the owner and the group in the table of ids. */
  uidIndex: number;
  gidIndex: number;
  timeSeconds: number;
}

/** Where a file's content lies in the image. */
export interface FileData {
  sizeBytes: number;
  /** Offset of the first block in the image. */
  start: number;
  /** Packed size of each block, with the bit of those stored as they are. */
  blockSizes: number[];
  tail: { fragment: number; offset: number } | undefined;
}

/** A regular file's inode. */
export function fileInode(head: InodeHead, data: FileData): Buffer {
  const bytes = Buffer.alloc(32 + 4 * data.blockSizes.length);
  writeHead(bytes, inodeTypes.file, head);
  bytes.writeUInt32LE(data.start, 16);
  bytes.writeUInt32LE(data.tail?.fragment ?? noFragment, 20);
  bytes.writeUInt32LE(data.tail?.offset ?? 0, 24);
  bytes.writeUInt32LE(data.sizeBytes, 28);
  for (const [index, size] of data.blockSizes.entries()) {
    bytes.writeUInt32LE(size, 32 + 4 * index);
  }
  return bytes;
}

/** A symbolic link's inode. */
export function linkInode(head: InodeHead, target: string): Buffer {
  const text = Buffer.from(target);
  const bytes = Buffer.alloc(24);
  writeHead(bytes, inodeTypes.link, head);
  bytes.writeUInt32LE(1, 16);
  bytes.writeUInt32LE(text.length, 20);
  return Buffer.concat([bytes, text]);
}

/** Where a folder's listing lies in the table of listings, and what its inode counts. */
export interface FolderData {
  listing: Position;
  listingBytes: number;
  subfolders: number;
  parentInode: number;
}

/** A folder's inode. */
export function folderInode(head: InodeHead, data: FolderData): Buffer {
  // The size counts "." and "..", which aren't stored, as three bytes.
  const sizeBytes = data.listingBytes + 3;
  const links = data.subfolders + 2;
  if (sizeBytes <= 0xffff) {
    const bytes = Buffer.alloc(32);
    writeHead(bytes, inodeTypes.folder, head);
    bytes.writeUInt32LE(data.listing.block, 16);
    bytes.writeUInt32LE(links, 20);
    bytes.writeUInt16LE(sizeBytes, 24);
    bytes.writeUInt16LE(data.listing.offset, 26);
    bytes.writeUInt32LE(data.parentInode, 28);
    return bytes;
  }
  const bytes = Buffer.alloc(40);
  writeHead(bytes, extendedFolder, head);
  bytes.writeUInt32LE(links, 16);
  bytes.writeUInt32LE(sizeBytes, 20);
  bytes.writeUInt32LE(data.listing.block, 24);
  bytes.writeUInt32LE(data.parentInode, 28);
  bytes.writeUInt16LE(0, 32);
  bytes.writeUInt16LE(data.listing.offset, 34);
  bytes.writeUInt32LE(0xffffffff, 36);
  return bytes;
}

function writeHead(bytes: Buffer, type: number, head: InodeHead): void {
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt16LE(head.entry.mode, 2);
  bytes.writeUInt16LE(head.uidIndex, 4);
  bytes.writeUInt16LE(head.gidIndex, 6);
  bytes.writeUInt32LE(head.timeSeconds, 8);
  bytes.writeUInt32LE(head.inode, 12);
}

/** An entry of a folder's listing, whose inode is already written. */
export interface ListingEntry {
  name: string;
  type: keyof typeof inodeTypes;
  inode: number;
  position: Position;
}

/** A listing: runs of at most 256 entries whose inodes lie in one block and have near numbers. */
export function folderListing(entries: readonly ListingEntry[]): Buffer {
  const runs: ListingEntry[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    const first = run?.[0];
    const continues =
      run !== undefined &&
      first !== undefined &&
      run.length < 256 &&
      first.position.block === entry.position.block &&
      Math.abs(entry.inode - first.inode) < 0x8000;
    if (continues) {
      run.push(entry);
    } else {
      runs.push([entry]);
    }
  }
  return Buffer.concat(runs.flatMap(listingRun));
}

function listingRun(run: ListingEntry[]): Buffer[] {
  const [first] = run;
  if (!first) {
    throw new BuildError("a folder's listing has an empty run");
  }
  const head = Buffer.alloc(12);
  head.writeUInt32LE(run.length - 1, 0);
  head.writeUInt32LE(first.position.block, 4);
  head.writeUInt32LE(first.inode, 8);
  const entries = run.map(({ name, type, inode, position }) => {
    const text = Buffer.from(name);
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(position.offset, 0);
    bytes.writeInt16LE(inode - first.inode, 2);
    bytes.writeUInt16LE(inodeTypes[type], 4);
    bytes.writeUInt16LE(text.length - 1, 6);
    return Buffer.concat([bytes, text]);
  });
  return [head, ...entries];
}
