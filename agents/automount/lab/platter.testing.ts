const chunkBytes = 65536;

/** Bytes of a large disk of which little is written; all else is zeros. */
class SparseBytes {
  readonly #chunks = new Map<number, Uint8Array>();

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#each(offset, length, (chunk, at, from, size) => {
      const found = this.#chunks.get(chunk);
      if (found !== undefined) {
        bytes.set(found.subarray(at, at + size), from);
      }
    });
    return bytes;
  }

  write(offset: number, content: Uint8Array): void {
    this.#each(offset, content.length, (chunk, at, from, size) => {
      const found = this.#chunks.get(chunk) ?? new Uint8Array(chunkBytes);
      this.#chunks.set(chunk, found);
      found.set(content.subarray(from, from + size), at);
    });
  }

  copy(): SparseBytes {
    const copied = new SparseBytes();
    for (const [chunk, bytes] of this.#chunks) {
      copied.#chunks.set(chunk, bytes.slice());
    }
    return copied;
  }

  #each(
    offset: number,
    length: number,
    use: (chunk: number, at: number, from: number, size: number) => void,
  ): void {
    for (let from = 0; from < length; ) {
      const at = (offset + from) % chunkBytes;
      const size = Math.min(chunkBytes - at, length - from);
      use(Math.floor((offset + from) / chunkBytes), at, from, size);
      from += size;
    }
  }
}

/** Which of the writes that were not flushed reach the disk when the power goes. */
export type Survivors = "none" | "all" | ((index: number) => boolean);

/** The bytes of one disk, with what a power cut leaves of them. */
export class Platter {
  readonly #durable = new SparseBytes();
  #current = new SparseBytes();
  #pending: { offset: number; content: Uint8Array }[] = [];

  constructor(
    /** A disk image can be enlarged. */
    public sizeBytes: number,
    readonly sectorBytes = 512,
  ) {}

  read(offset: number, length: number): Uint8Array {
    return this.#current.read(offset, Math.max(0, Math.min(length, this.sizeBytes - offset)));
  }

  /** A disk writes a sector whole or not at all, several in any order. */
  write(offset: number, content: Uint8Array): void {
    this.#current.write(offset, content);
    for (let from = 0; from < content.length; from += this.sectorBytes) {
      this.#pending.push({
        offset: offset + from,
        content: content.slice(from, from + this.sectorBytes),
      });
    }
  }

  flush(): void {
    for (const { offset, content } of this.#pending) {
      this.#durable.write(offset, content);
    }
    this.#pending = [];
  }

  cutPower(survivors: Survivors): void {
    for (const [index, { offset, content }] of this.#pending.entries()) {
      const survives = typeof survivors === "function" ? survivors(index) : survivors === "all";
      if (survives) {
        this.#durable.write(offset, content);
      }
    }
    this.#pending = [];
    this.#current = this.#durable.copy();
  }
}
