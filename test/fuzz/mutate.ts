/** Makes inputs out of inputs: the same sequence for the same seed, so that a finding can be had again. */
export class Mutator {
  #state: number;

  constructor(
    seed: number,
    readonly seeds: readonly Uint8Array[],
  ) {
    this.#state = seed >>> 0 || 1;
  }

  /** A seed, or two of them joined, changed in one to eight places. */
  next(): Uint8Array {
    let bytes: Buffer = Buffer.from(this.#one());
    if (this.#below(8) === 0) {
      bytes = this.#splice(bytes);
    }
    for (let times = 1 + this.#below(8); times > 0; times -= 1) {
      bytes = this.#change(bytes);
    }
    return bytes;
  }

  #change(bytes: Buffer): Buffer {
    const at = this.#below(bytes.length + 1);
    const length = Math.min(1 + this.#below(this.#below(4) === 0 ? 2000 : 8), bytes.length - at);
    switch (this.#below(8)) {
      case 0: {
        const cut = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        return cut;
      }
      case 1:
        return Buffer.concat([bytes.subarray(0, at), this.#noise(), bytes.subarray(at)]);
      case 2: {
        const again = bytes.subarray(at, at + length);
        return Buffer.concat([bytes.subarray(0, at + length), again, bytes.subarray(at + length)]);
      }
      case 3:
        bytes.fill(this.#pick([0, 0xff, 0x20, 0x37, 0x0a]), at, at + length);
        return bytes;
      case 4:
        if (at + 4 <= bytes.length) {
          bytes.writeUInt32LE(this.#pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 512]), at);
        }
        return bytes;
      case 5:
        if (at + 8 <= bytes.length) {
          bytes.writeBigUInt64BE(this.#pick([0n, 1n, 2n ** 63n, 2n ** 64n - 1n]), at);
        }
        return bytes;
      case 6: {
        const words = ["../", "/", "\0", "\n", " - ", "=", '"', "'", "[", "ssh-rsa ", "~", ","];
        return Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(this.#pick(words)),
          bytes.subarray(at),
        ]);
      }
      default:
        if (at < bytes.length) {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#below(8));
        }
        return bytes;
    }
  }

  #splice(bytes: Buffer): Buffer {
    const other = Buffer.from(this.#one());
    return Buffer.concat([
      bytes.subarray(0, this.#below(bytes.length + 1)),
      other.subarray(this.#below(other.length + 1)),
    ]);
  }

  #noise(): Buffer {
    return Buffer.from(Array.from({ length: 1 + this.#below(16) }, () => this.#below(256)));
  }

  #one(): Uint8Array {
    return this.#pick(this.seeds);
  }

  #pick<T>(list: readonly T[]): T {
    const picked = list[this.#below(list.length)];
    if (picked === undefined) {
      throw new Error("nothing to pick from");
    }
    return picked;
  }

  /** xorshift32 */
  #below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % Math.max(1, limit);
  }
}
