import { type Compress, packBlock } from "./blocks.ts";

const blockBytes = 8192;
/** Set in a metadata block's header when it is stored as it is. */
const storedBit = 0x8000;

/** Where a record of a table begins: the packed offset of its block, and the offset in it. */
export interface Position {
  block: number;
  offset: number;
}

/**
 * A table of a squashfs image: records one after the other, cut into blocks of 8 KiB, each packed as
 * soon as it is full, so that a record's position is known when it is written.
 */
export class MetadataTable {
  readonly #compress: Compress;
  readonly #packed: Buffer[] = [];
  readonly #starts: number[] = [0];
  #packedBytes = 0;
  #open = Buffer.alloc(0);

  constructor(compress: Compress) {
    this.#compress = compress;
  }

  /** Adds a record and returns where it begins. */
  async add(record: Buffer): Promise<Position> {
    const position = { block: this.#packedBytes, offset: this.#open.length };
    this.#open = Buffer.concat([this.#open, record]);
    while (this.#open.length >= blockBytes) {
      const rest = this.#open.subarray(blockBytes);
      this.#open = this.#open.subarray(0, blockBytes);
      await this.#close();
      this.#open = rest;
    }
    return position;
  }

  /** The table's bytes; nothing can be added after. */
  async finish(): Promise<Buffer> {
    if (this.#open.length > 0) {
      await this.#close();
    }
    return Buffer.concat(this.#packed);
  }

  /** Packed offsets of the blocks, of use after finish. */
  get starts(): readonly number[] {
    return this.#starts.slice(0, this.#packed.length);
  }

  async #close(): Promise<void> {
    const { bytes, isCompressed } = await packBlock(this.#open, this.#compress);
    const header = Buffer.alloc(2);
    header.writeUInt16LE(isCompressed ? bytes.length : bytes.length | storedBit);
    const block = Buffer.concat([header, bytes]);
    this.#packed.push(block);
    this.#packedBytes += block.length;
    this.#starts.push(this.#packedBytes);
    this.#open = Buffer.alloc(0);
  }
}
