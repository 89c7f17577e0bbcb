import { closeSync, openSync, readSync } from "node:fs";

/** No fragment: every block of the file is its own. */
const NO_FRAGMENT = 0xffffffff;
/** Set in a block's size when it is stored uncompressed. */
const STORED_BIT = 1 << 24;
const METADATA_BLOCK_BYTES = 8192;

/** What a metadata table is made of: its unpacked bytes, and where each packed block begins in them. */
interface Table {
  bytes: Buffer;
  /** Offset of a packed block in the table → offset of its unpacked bytes. */
  starts: Map<number, number>;
}

/** Reads the metadata of a squashfs image (Linux: Documentation/filesystems/squashfs.rst). */
export class SquashfsImage {
  readonly blockBytes: number;
  readonly rootInode: bigint;
  readonly #inodes: Table;
  readonly #folders: Table;
  readonly #fragments: Buffer;

  private constructor(superblock: Buffer, inodes: Table, folders: Table, fragments: Buffer) {
    this.blockBytes = superblock.readUInt32LE(12);
    this.rootInode = superblock.readBigUInt64LE(32);
    this.#inodes = inodes;
    this.#folders = folders;
    this.#fragments = fragments;
  }

  /** Opens an image; `unpack` decompresses concatenated zstd frames. */
  static async open(
    path: string,
    unpack: (frames: Buffer) => Promise<Buffer>,
  ): Promise<SquashfsImage> {
    const file = openSync(path, "r");
    const read = (offset: number, sizeBytes: number) => {
      const bytes = Buffer.alloc(sizeBytes);
      readSync(file, bytes, 0, sizeBytes, offset);
      return bytes;
    };
    try {
      const superblock = read(0, 96);
      const at = (offset: number) => Number(superblock.readBigUInt64LE(offset));
      const [inodeTable, folderTable, fragmentIndex] = [at(64), at(72), at(80)];
      const fragmentCount = superblock.readUInt32LE(16);
      const pointers = Math.ceil((fragmentCount * 16) / METADATA_BLOCK_BYTES);
      const fragmentBlock =
        pointers > 0 ? Number(read(fragmentIndex, 8).readBigUInt64LE(0)) : fragmentIndex;
      const fragments = await readTable(read, fragmentBlock, fragmentIndex, unpack);
      return new SquashfsImage(
        superblock,
        await readTable(read, inodeTable, folderTable, unpack),
        await readTable(read, folderTable, fragmentBlock, unpack),
        fragments.bytes,
      );
    } finally {
      closeSync(file);
    }
  }

  /** All regular files: path → where its packed bytes are. */
  *files(inode = this.rootInode, path = ""): Generator<[path: string, file: PackedFile]> {
    const at = this.#position(this.#inodes, Number(inode >> 16n), Number(inode & 0xffffn));
    const bytes = this.#inodes.bytes;
    const type = bytes.readUInt16LE(at);
    if (type === 2 || type === 9) yield [path, this.#file(at, type === 9)];
    if (type !== 1 && type !== 8) return;
    const [block, sizeBytes, offset] =
      type === 1
        ? [bytes.readUInt32LE(at + 16), bytes.readUInt16LE(at + 24), bytes.readUInt16LE(at + 26)]
        : [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt16LE(at + 34)];
    const start = this.#position(this.#folders, block, offset);
    // The listing's size counts three bytes more: "." and "..", which aren't stored.
    const end = start + sizeBytes - 3;
    const listing = this.#folders.bytes;
    for (let entry = start; entry < end; ) {
      const count = listing.readUInt32LE(entry) + 1;
      const inodeBlock = BigInt(listing.readUInt32LE(entry + 4));
      entry += 12;
      for (let index = 0; index < count; index++) {
        const child = (inodeBlock << 16n) | BigInt(listing.readUInt16LE(entry));
        const nameBytes = listing.readUInt16LE(entry + 6) + 1;
        const name = listing.toString("utf8", entry + 8, entry + 8 + nameBytes);
        entry += 8 + nameBytes;
        yield* this.files(child, path === "" ? name : `${path}/${name}`);
      }
    }
  }

  /** Packed size of a fragment block in bytes. */
  fragmentBytes(fragment: number): number {
    return packedBytes(this.#fragments.readUInt32LE(fragment * 16 + 8));
  }

  #position(table: Table, block: number, offset: number): number {
    return (table.starts.get(block) ?? 0) + offset;
  }

  #file(at: number, isExtended: boolean): PackedFile {
    const bytes = this.#inodes.bytes;
    const [start, sizeBytes, fragment, fragmentOffset, list] = isExtended
      ? [
          Number(bytes.readBigUInt64LE(at + 16)),
          Number(bytes.readBigUInt64LE(at + 24)),
          bytes.readUInt32LE(at + 44),
          bytes.readUInt32LE(at + 48),
          at + 56,
        ]
      : [
          bytes.readUInt32LE(at + 16),
          bytes.readUInt32LE(at + 28),
          bytes.readUInt32LE(at + 20),
          bytes.readUInt32LE(at + 24),
          at + 32,
        ];
    const hasTail = fragment !== NO_FRAGMENT;
    const blocks = hasTail
      ? Math.floor(sizeBytes / this.blockBytes)
      : Math.ceil(sizeBytes / this.blockBytes);
    let blocksBytes = 0;
    for (let index = 0; index < blocks; index++) {
      blocksBytes += packedBytes(bytes.readUInt32LE(list + index * 4));
    }
    return {
      place: `${start}/${fragment}/${fragmentOffset}`,
      sizeBytes,
      blocksBytes,
      tail: hasTail ? { fragment, sizeBytes: sizeBytes % this.blockBytes } : undefined,
    };
  }
}

/** Where a file's bytes lie in the image. */
export interface PackedFile {
  /** The same for files that share their bytes. */
  place: string;
  sizeBytes: number;
  /** Packed size of the blocks that are the file's own. */
  blocksBytes: number;
  /** The last bytes, packed together with other files' in a fragment block. */
  tail: { fragment: number; sizeBytes: number } | undefined;
}

function packedBytes(size: number): number {
  return size & ~STORED_BIT;
}

async function readTable(
  read: (offset: number, sizeBytes: number) => Buffer,
  start: number,
  end: number,
  unpack: (frames: Buffer) => Promise<Buffer>,
): Promise<Table> {
  const starts = new Map<number, number>();
  const parts: Buffer[] = [];
  let unpackedBytes = 0;
  for (let at = start; at < end; ) {
    const header = read(at, 2).readUInt16LE(0);
    const sizeBytes = header & 0x7fff;
    const packed = read(at + 2, sizeBytes);
    const bytes = header & 0x8000 ? packed : await unpack(packed);
    starts.set(at - start, unpackedBytes);
    unpackedBytes += bytes.length;
    parts.push(bytes);
    at += 2 + sizeBytes;
  }
  return { bytes: Buffer.concat(parts), starts };
}
