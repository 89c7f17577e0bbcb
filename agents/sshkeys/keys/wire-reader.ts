/** Reads the fields of SSH's wire format (RFC 4251, section 5). Every method throws an Error when bytes are missing. */
export class WireReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  raw(lengthBytes: number): Buffer {
    if (this.#offset + lengthBytes > this.#bytes.length) {
      throw new Error("it is truncated");
    }
    this.#offset += lengthBytes;
    return this.#bytes.subarray(this.#offset - lengthBytes, this.#offset);
  }

  number(): number {
    return this.raw(4).readUInt32BE();
  }

  bytes(): Buffer {
    return this.raw(this.number());
  }

  text(): string {
    return this.bytes().toString("latin1");
  }

  /** Bits of a positive number without superfluous zeros in front. */
  positiveBits(): number {
    const bytes = this.bytes();
    const first = bytes[0] ?? 0;
    if (bytes.length === 0 || first >= 0x80) {
      throw new Error("a number in it is not positive");
    }
    if (first === 0 && (bytes[1] ?? 0) < 0x80) {
      throw new Error("a number in it has a wrong form");
    }
    const digits = first === 0 ? bytes.subarray(1) : bytes;
    return (digits.length - 1) * 8 + (32 - Math.clz32(digits[0] ?? 0));
  }
}
