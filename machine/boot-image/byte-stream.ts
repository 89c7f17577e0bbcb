/** Bytes that come in chunks of any size, taken in pieces of a wanted one. */
export class ByteStream {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** At least one byte and at most so many; none at the end. */
  async next(maxBytes: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#source.next();
      if (done === true) {
        return Buffer.alloc(0);
      }
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, maxBytes);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** Reads the rest, which nobody keeps. False when there is more of it than so many bytes. */
  async skipToEnd(maxBytes: number): Promise<boolean> {
    let skippedBytes = 0;
    while (skippedBytes <= maxBytes) {
      const { length } = await this.next(maxBytes);
      if (length === 0) {
        return true;
      }
      skippedBytes += length;
    }
    return false;
  }

  /** Exactly so many bytes, fewer only at the end. */
  async take(sizeBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let leftBytes = sizeBytes; leftBytes > 0; ) {
      const piece = await this.next(leftBytes);
      if (piece.length === 0) {
        break;
      }
      pieces.push(piece);
      leftBytes -= piece.length;
    }
    return Buffer.concat(pieces);
  }
}
