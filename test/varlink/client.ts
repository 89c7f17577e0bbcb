import { connect, type Socket } from "node:net";
import { checkError, checkInput, checkOutput } from "./signatures.ts";

/** A reply with its parameters, or an error by its name. */
export interface Reply {
  error?: string;
  parameters: Record<string, unknown>;
}

/** A part of what a container prints, or how it ended, by the numbers of Podman 1. */
export interface Frame {
  kind: number;
  bytes: Buffer;
}

/** A client of io.podman, written from the protocol; whatever is called and replied is checked against the signatures. */
export class Client {
  /** Every method that any client has called. */
  static readonly called = new Set<string>();
  #buffer: Buffer = Buffer.alloc(0);
  #isOver = false;
  #wake: (() => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on("data", (bytes: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
      this.#wake?.();
    });
    const over = () => {
      this.#isOver = true;
      this.#wake?.();
    };
    socket.on("close", over);
    socket.on("error", over);
  }

  static connect(path: string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new Client(socket)));
      socket.on("error", reject);
    });
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Waits for so many bytes, or for all up to one of them. */
  async #take(end: () => number): Promise<Buffer> {
    for (;;) {
      const length = end();
      if (length >= 0 && this.#buffer.length >= length) {
        const bytes = this.#buffer.subarray(0, length);
        this.#buffer = this.#buffer.subarray(length);
        return bytes;
      }
      if (this.#isOver) {
        throw new Error(
          `the service ended the connection after ${JSON.stringify(String(this.#buffer))}`,
        );
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  send(method: string, parameters: object, wants: object = {}): void {
    Client.called.add(method);
    checkInput(method, parameters);
    this.write(`${JSON.stringify({ method: `io.podman.${method}`, parameters, ...wants })}\0`);
  }

  /** The next reply; `continues` when others follow. */
  async next(method: string): Promise<Reply & { continues: boolean }> {
    const bytes = await this.#take(() => this.#buffer.indexOf(0) + 1 || -1);
    const { error, parameters, continues } = JSON.parse(
      bytes.toString("utf8", 0, bytes.length - 1),
    );
    if (error === undefined) {
      checkOutput(method, parameters);
    } else {
      checkError(error, parameters);
    }
    return { ...(error === undefined ? {} : { error }), parameters, continues: continues === true };
  }

  /** Calls a method that has one reply, whatever it is. */
  async ask(method: string, parameters: object = {}): Promise<Reply> {
    this.send(method, parameters);
    return await this.next(method);
  }

  /** Calls a method that succeeds. */
  // biome-ignore lint/suspicious/noExplicitAny: each method's reply has been checked against its signature
  async call(method: string, parameters: object = {}, wants: object = {}): Promise<any> {
    this.send(method, parameters, wants);
    const { error, parameters: reply } = await this.next(method);
    if (error !== undefined) {
      throw new Error(`${method} ${JSON.stringify(parameters)}: ${error} ${JSON.stringify(reply)}`);
    }
    return reply;
  }

  /** All replies to a call that takes more. */
  async *more(method: string, parameters: object): AsyncIterable<Reply> {
    this.send(method, parameters, { more: true });
    for (;;) {
      const { continues, ...reply } = await this.next(method);
      yield reply;
      if (!continues) {
        return;
      }
    }
  }

  async bytes(length: number): Promise<Buffer> {
    return await this.#take(() => length);
  }

  async upTo(byte: string): Promise<string> {
    return String(await this.#take(() => this.#buffer.indexOf(byte) + 1 || -1));
  }

  /** A frame, after an upgrade. */
  async frame(): Promise<Frame> {
    const header = await this.bytes(8);
    return { kind: header.readUInt8(0), bytes: await this.bytes(header.readUInt32BE(4)) };
  }

  sendFrame(kind: number, bytes: string | Buffer): void {
    const data = Buffer.from(bytes);
    const header = Buffer.alloc(8);
    header.writeUInt8(kind, 0);
    header.writeUInt32BE(data.length, 4);
    this.write(Buffer.concat([header, data]));
  }

  /** All that is printed until the end, and the exit status. */
  async toEnd(onOutput: (soFar: string) => void = () => undefined) {
    const printed = { out: "", err: "" };
    for (;;) {
      const { kind, bytes } = await this.frame();
      if (kind === 4) {
        return { ...printed, status: bytes.readUInt32BE(0) };
      }
      printed[kind === 2 ? "err" : "out"] += bytes.toString();
      onOutput(printed.out);
    }
  }
}
