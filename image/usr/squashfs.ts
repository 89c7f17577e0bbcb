// Written by hand: mksquashfs compresses all of /usr anew for one changed file, and its bytes change with its version.

import type { Entry } from "../files/entry.ts";
import { BuildError } from "../report/build-error.ts";
import type { Compress, PackedBlock } from "./blocks.ts";
import { folderTree, type Node } from "./folder-tree.ts";
import {
  type FileData,
  fileInode,
  folderInode,
  folderListing,
  type InodeHead,
  linkInode,
  storedBit,
} from "./inodes.ts";
import { MetadataTable, type Position } from "./metadata.ts";
import type { Packing } from "./packing.ts";

const magic = 0x73717368;
const zstd = 6;
const superblockBytes = 96;
/** No extended attributes; contents once; ends of files in fragments. */
const flags = 0x0200 | 0x0040 | 0x0020;
const noTable = 0xffffffffffffffffn;
/** mksquashfs pads so that the image can be a block device. */
const alignBytes = 4096;

/** What a squashfs image is made of. */
export interface SquashfsInput {
  /** All entries with their folders, sorted; the root itself isn't one. */
  entries: readonly Entry[];
  packing: Packing;
  blocks: readonly PackedBlock[];
  fragments: readonly PackedBlock[];
  blockBytes: number;
  timeSeconds: number;
  compress: Compress;
}

/**
 * A squashfs 4.0 image (Linux: Documentation/filesystems/squashfs.rst) of blocks that are packed
 * already; the bytes follow from the arguments.
 * @throws BuildError for an entry that such an image can't hold.
 */
export async function squashfsImage(input: SquashfsInput): Promise<Buffer[]> {
  const { packing, blocks, fragments, compress } = input;
  const blockStarts = offsetsOf(blocks, superblockBytes);
  const blocksEnd = superblockBytes + sizeOf(blocks);
  const fragmentStarts = offsetsOf(fragments, blocksEnd);
  // The root folder of the image is root's.
  const ids = [...new Set([0, ...input.entries.flatMap(({ uid, gid }) => [uid, gid])])];
  const fileData = (sha256: string, sizeBytes: number): FileData => {
    const placement = packing.placements.get(sha256) ?? { blocks: [], tail: undefined };
    const [firstBlock] = placement.blocks;
    return {
      sizeBytes,
      start: firstBlock === undefined ? 0 : (blockStarts[firstBlock] ?? 0),
      blockSizes: placement.blocks.map((index) => sizeField(blocks[index])),
      tail: placement.tail,
    };
  };

  const inodes = new MetadataTable(compress);
  const listings = new MetadataTable(compress);
  const writeNode = async (node: Node, parentInode: number): Promise<Position> => {
    const { entry, inode } = node;
    const uidIndex = ids.indexOf(entry.uid);
    const gidIndex = ids.indexOf(entry.gid);
    const head: InodeHead = { entry, inode, uidIndex, gidIndex, timeSeconds: input.timeSeconds };
    if (entry.type === "file") {
      return await inodes.add(fileInode(head, fileData(entry.sha256, entry.sizeBytes)));
    }
    if (entry.type === "link") {
      return await inodes.add(linkInode(head, entry.target));
    }
    if (entry.type === "device") {
      throw new BuildError(`${entry.path}: no device belongs in /usr`);
    }
    const children = [];
    for (const child of node.children) {
      const position = await writeNode(child, inode);
      const type = child.entry.type;
      if (type !== "device") {
        children.push({ name: child.name, type, inode: child.inode, position });
      }
    }
    const listing = folderListing(children);
    const folder = {
      listing: await listings.add(listing),
      listingBytes: listing.length,
      subfolders: children.filter(({ type }) => type === "folder").length,
      parentInode,
    };
    return await inodes.add(folderInode(head, folder));
  };
  // The root's parent is a number that no inode has.
  const root = await writeNode(folderTree(input.entries), input.entries.length + 2);

  const inodeTable = await inodes.finish();
  const listingTable = await listings.finish();
  const inodeStart = blocksEnd + sizeOf(fragments);
  const listingStart = inodeStart + inodeTable.length;
  const fragmentTable = await lookupTable(
    fragments.map((block, index) => fragmentRecord(fragmentStarts[index] ?? 0, sizeField(block))),
    listingStart + listingTable.length,
    compress,
  );
  const idTable = await lookupTable(
    ids.map(idRecord),
    listingStart + listingTable.length + fragmentTable.bytes.length,
    compress,
  );
  const usedBytes = idTable.index + 8;
  const superblock = Buffer.alloc(superblockBytes);
  superblock.writeUInt32LE(magic, 0);
  superblock.writeUInt32LE(input.entries.length + 1, 4);
  superblock.writeUInt32LE(input.timeSeconds, 8);
  superblock.writeUInt32LE(input.blockBytes, 12);
  superblock.writeUInt32LE(fragments.length, 16);
  superblock.writeUInt16LE(zstd, 20);
  superblock.writeUInt16LE(Math.log2(input.blockBytes), 22);
  superblock.writeUInt16LE(flags, 24);
  superblock.writeUInt16LE(ids.length, 26);
  superblock.writeUInt16LE(4, 28);
  superblock.writeUInt16LE(0, 30);
  superblock.writeBigUInt64LE((BigInt(root.block) << 16n) | BigInt(root.offset), 32);
  superblock.writeBigUInt64LE(BigInt(usedBytes), 40);
  superblock.writeBigUInt64LE(BigInt(idTable.index), 48);
  superblock.writeBigUInt64LE(noTable, 56);
  superblock.writeBigUInt64LE(BigInt(inodeStart), 64);
  superblock.writeBigUInt64LE(BigInt(listingStart), 72);
  superblock.writeBigUInt64LE(fragments.length > 0 ? BigInt(fragmentTable.index) : noTable, 80);
  superblock.writeBigUInt64LE(noTable, 88);
  return [
    superblock,
    ...blocks.map(({ bytes }) => bytes),
    ...fragments.map(({ bytes }) => bytes),
    inodeTable,
    listingTable,
    fragmentTable.bytes,
    idTable.bytes,
    Buffer.alloc((alignBytes - (usedBytes % alignBytes)) % alignBytes),
  ];
}

/** Records packed into metadata blocks, followed by the offsets of these. */
async function lookupTable(
  records: readonly Buffer[],
  start: number,
  compress: Compress,
): Promise<{ bytes: Buffer; index: number }> {
  const table = new MetadataTable(compress);
  await table.add(Buffer.concat(records));
  const packed = await table.finish();
  const offsets = table.starts.map((offset) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(start + offset));
    return bytes;
  });
  return { bytes: Buffer.concat([packed, ...offsets]), index: start + packed.length };
}

function fragmentRecord(start: number, size: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(start), 0);
  bytes.writeUInt32LE(size, 8);
  return bytes;
}

function idRecord(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(id);
  return bytes;
}

function sizeField(block: PackedBlock | undefined): number {
  if (!block) {
    return 0;
  }
  return block.isCompressed ? block.bytes.length : block.bytes.length | storedBit;
}

function sizeOf(blocks: readonly PackedBlock[]): number {
  return blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function offsetsOf(blocks: readonly PackedBlock[], start: number): number[] {
  let at = start;
  return blocks.map(({ bytes }) => {
    const offset = at;
    at += bytes.length;
    return offset;
  });
}
