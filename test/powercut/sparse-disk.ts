import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const chunkBytes = 4096;
const zeros = Buffer.alloc(chunkBytes);
/** Chunks never change and are shared by copies, so that each is hashed once. */
const digests = new WeakMap<Uint8Array, Buffer>();
/** How many neighbouring chunks are saved in one go. */
const chunksAtOnce = 256;

/** The bytes of a disk of which little is written. Copies are cheap: they share what neither changes. */
export class SparseDisk {
  readonly #chunks = new Map<number, Uint8Array>();

  constructor(readonly sizeBytes: number) {}

  write(offsetBytes: number, content: Uint8Array): void {
    for (let from = 0; from < content.length; ) {
      const at = (offsetBytes + from) % chunkBytes;
      const index = Math.floor((offsetBytes + from) / chunkBytes);
      const lengthBytes = Math.min(chunkBytes - at, content.length - from);
      this.#put(index, at, content.subarray(from, from + lengthBytes));
      from += lengthBytes;
    }
  }

  #put(index: number, at: number, part: Uint8Array): void {
    const known = this.#chunks.get(index);
    if (known === undefined && isZeros(part)) {
      return;
    }
    // A new array each time, since a copy may share the old one.
    const chunk = known?.slice() ?? new Uint8Array(chunkBytes);
    chunk.set(part, at);
    if (isZeros(chunk)) {
      this.#chunks.delete(index);
    } else {
      this.#chunks.set(index, chunk);
    }
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    for (let from = 0; from < lengthBytes; ) {
      const at = (offsetBytes + from) % chunkBytes;
      const chunk = this.#chunks.get(Math.floor((offsetBytes + from) / chunkBytes));
      const size = Math.min(chunkBytes - at, lengthBytes - from);
      if (chunk !== undefined) {
        bytes.set(chunk.subarray(at, at + size), from);
      }
      from += size;
    }
    return bytes;
  }

  /** A copy, on request of another size. */
  copy(sizeBytes = this.sizeBytes): SparseDisk {
    const copied = new SparseDisk(sizeBytes);
    for (const [index, chunk] of this.#chunks) {
      copied.#chunks.set(index, chunk);
    }
    return copied;
  }

  /** Equal for disks with equal bytes. */
  fingerprint(): string {
    const hash = createHash("sha256");
    for (const [index, chunk] of this.#inOrder()) {
      hash.update(`${index}:`).update(digestOf(chunk));
    }
    return hash.digest("hex");
  }

  #inOrder(): [number, Uint8Array][] {
    return [...this.#chunks].sort(([one], [other]) => one - other);
  }

  /** Writes it as a sparse raw image. */
  async save(file: string): Promise<void> {
    const handle = await open(file, "w");
    try {
      await handle.truncate(this.sizeBytes);
      let run: Uint8Array[] = [];
      let next = 0;
      const flush = async () => {
        if (run.length > 0) {
          await handle.writev(run, (next - run.length) * chunkBytes);
        }
        run = [];
      };
      for (const [index, chunk] of this.#inOrder()) {
        if (index !== next || run.length === chunksAtOnce) {
          await flush();
        }
        run.push(chunk);
        next = index + 1;
      }
      await flush();
    } finally {
      await handle.close();
    }
  }
}

function isZeros(bytes: Uint8Array): boolean {
  return zeros.subarray(0, bytes.length).equals(bytes);
}

function digestOf(chunk: Uint8Array): Buffer {
  const known = digests.get(chunk);
  if (known !== undefined) {
    return known;
  }
  const digest = createHash("sha256").update(chunk).digest();
  digests.set(chunk, digest);
  return digest;
}
