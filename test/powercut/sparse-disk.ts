import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const chunkBytes = 4096;

/** The bytes of a disk of which little is written. Copies are cheap: they share what neither changes. */
export class SparseDisk {
  #chunks = new Map<number, Uint8Array>();

  constructor(readonly sizeBytes: number) {}

  write(offsetBytes: number, content: Uint8Array): void {
    for (let from = 0; from < content.length; ) {
      const at = (offsetBytes + from) % chunkBytes;
      const index = Math.floor((offsetBytes + from) / chunkBytes);
      const lengthBytes = Math.min(chunkBytes - at, content.length - from);
      // A new array each time, since a copy may share the old one.
      const chunk = Uint8Array.from(this.#chunks.get(index) ?? new Uint8Array(chunkBytes));
      chunk.set(content.subarray(from, from + lengthBytes), at);
      if (chunk.some((byte) => byte !== 0)) this.#chunks.set(index, chunk);
      else this.#chunks.delete(index);
      from += lengthBytes;
    }
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    for (let from = 0; from < lengthBytes; ) {
      const at = (offsetBytes + from) % chunkBytes;
      const chunk = this.#chunks.get(Math.floor((offsetBytes + from) / chunkBytes));
      const size = Math.min(chunkBytes - at, lengthBytes - from);
      if (chunk !== undefined) bytes.set(chunk.subarray(at, at + size), from);
      from += size;
    }
    return bytes;
  }

  /** A copy, on request of another size. */
  copy(sizeBytes = this.sizeBytes): SparseDisk {
    const copied = new SparseDisk(sizeBytes);
    copied.#chunks = new Map(this.#chunks);
    return copied;
  }

  /** Equal for disks with equal bytes. */
  fingerprint(): string {
    const hash = createHash("sha256");
    for (const index of [...this.#chunks.keys()].sort((one, other) => one - other)) {
      hash.update(`${index}:`);
      hash.update(this.#chunks.get(index) ?? "");
    }
    return hash.digest("hex");
  }

  /** Writes it as a sparse raw image. */
  async save(file: string): Promise<void> {
    const handle = await open(file, "w");
    try {
      await handle.truncate(this.sizeBytes);
      for (const [index, chunk] of this.#chunks)
        await handle.write(chunk, 0, chunkBytes, index * chunkBytes);
    } finally {
      await handle.close();
    }
  }
}
