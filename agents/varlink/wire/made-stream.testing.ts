import type { ByteStream } from "../../kernel/streams.ts";

/** A stream whose other side is the test: gives `parts`, and keeps what is written. */
export class MadeStream implements ByteStream {
  readonly #gone = new AbortController();
  readonly #parts: Uint8Array[];
  written: Buffer = Buffer.alloc(0);

  constructor(parts: readonly (string | Uint8Array)[]) {
    this.#parts = parts.map((part) => Buffer.from(part));
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  read(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#parts.shift());
  }

  async *parts(): AsyncIterable<Uint8Array> {
    for (let part = await this.read(); part !== undefined; part = await this.read()) {
      yield part;
    }
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) {
      this.#parts.unshift(bytes);
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    this.written = Buffer.concat([this.written, bytes]);
    return Promise.resolve();
  }

  end(): void {
    this.close();
  }

  close(): void {
    this.#gone.abort();
  }

  /** The messages that were written. */
  replies(): unknown[] {
    return this.written
      .toString()
      .split("\0")
      .filter((text) => text !== "")
      .map((text) => JSON.parse(text));
  }
}
