import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

/** Operations of FUSE by their numbers (linux/fuse.h). */
const op = {
  lookup: 1,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  setxattr: 21,
  getxattr: 22,
  init: 26,
  opendir: 27,
  readdir: 28,
  create: 35,
  rename2: 45,
} as const;

/** The number of a share's own folder. */
export const root = 1n;

/** What a daemon answered: 0 or an error number (-1: nothing), and the bytes after the header. */
export interface Reply {
  readonly error: number;
  readonly body: Buffer;
}

/** A guest's kernel that says to a virtiofs daemon whatever it is told to. */
export class FuseClient {
  readonly #bridge: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: string[] = [];
  #unique = 2n;

  private constructor(socket: string) {
    const program = path.join(import.meta.dirname, "vhost-user.py");
    this.#bridge = spawn("python3", [program, socket]);
    this.#bridge.stderr.on("data", (chunk) => this.#errors.push(String(chunk)));
    this.#bridge.stdin.on("error", (error) => this.#errors.push(error.message));
    this.#lines = createInterface({ input: this.#bridge.stdout })[Symbol.asyncIterator]();
  }

  /** Connects, and says that it speaks FUSE 7.31. */
  static async connect(socket: string): Promise<FuseClient> {
    const client = new FuseClient(socket);
    const { error } = await client.request(op.init, 0n, numbers(7, 31, 0, 0));
    if (error !== 0) {
      throw new Error(`the daemon refuses to start with ${error}: ${client.#errors.join("")}`);
    }
    return client;
  }

  /** The daemon ends with its one client. */
  end(): void {
    this.#bridge.kill();
  }

  /** Sends one request and waits for its answer. */
  async request(opcode: number, node: bigint, ...parts: readonly Buffer[]): Promise<Reply> {
    const body = Buffer.concat(parts);
    const header = Buffer.alloc(40);
    header.writeUInt32LE(header.length + body.length, 0);
    header.writeUInt32LE(opcode, 4);
    header.writeBigUInt64LE(this.#unique, 8);
    this.#unique += 2n;
    header.writeBigUInt64LE(node, 16);
    // uid, gid: root of the guest.
    this.#bridge.stdin.write(`${Buffer.concat([header, body]).toString("hex")}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) {
      this.#errors.push(" no answer");
      return { error: -1, body: Buffer.alloc(0) };
    }
    const reply = Buffer.from(value, "hex");
    return reply.length < 16
      ? { error: -1, body: reply }
      : { error: Math.abs(reply.readInt32LE(4)), body: reply.subarray(16) };
  }

  /** The node of a name, 0 when there is none. */
  async lookup(node: bigint, name: string): Promise<{ error: number; node: bigint }> {
    const { error, body } = await this.request(op.lookup, node, word(name));
    return { error, node: error === 0 ? body.readBigUInt64LE(0) : 0n };
  }

  /** Opens a node and reads from its start. */
  async read(node: bigint, flags = 0): Promise<Reply> {
    const opened = await this.request(op.open, node, numbers(flags, 0));
    if (opened.error !== 0) {
      return opened;
    }
    const handle = opened.body.subarray(0, 8);
    return this.request(op.read, node, handle, Buffer.alloc(8), numbers(4096, 0, 0, 0, 0, 0));
  }

  /** Makes a file and writes into it. */
  async write(node: bigint, name: string, text: string): Promise<Reply> {
    const made = await this.request(op.create, node, numbers(0o101, 0o644, 0, 0), word(name));
    if (made.error !== 0) {
      return made;
    }
    const [id, handle] = [made.body.readBigUInt64LE(0), made.body.subarray(128, 136)];
    const bytes = Buffer.from(text);
    const place = numbers(bytes.length, 0, 0, 0, 0, 0);
    return this.request(op.write, id, handle, Buffer.alloc(8), place, bytes);
  }

  mkdir(node: bigint, name: string): Promise<Reply> {
    return this.request(op.mkdir, node, numbers(0o755, 0), word(name));
  }

  mknod(node: bigint, name: string): Promise<Reply> {
    return this.request(op.mknod, node, numbers(0o100644, 0, 0, 0), word(name));
  }

  symlink(node: bigint, name: string, target: string): Promise<Reply> {
    return this.request(op.symlink, node, word(name), word(target));
  }

  unlink(node: bigint, name: string): Promise<Reply> {
    return this.request(op.unlink, node, word(name));
  }

  rmdir(node: bigint, name: string): Promise<Reply> {
    return this.request(op.rmdir, node, word(name));
  }

  rename(node: bigint, from: string, to: string, toNode = node): Promise<Reply> {
    return this.request(op.rename, node, long(toNode), word(from), word(to));
  }

  rename2(node: bigint, from: string, to: string, flags: number): Promise<Reply> {
    return this.request(op.rename2, node, long(node), numbers(flags, 0), word(from), word(to));
  }

  link(node: bigint, name: string, existing: bigint): Promise<Reply> {
    return this.request(op.link, node, long(existing), word(name));
  }

  readlink(node: bigint): Promise<Reply> {
    return this.request(op.readlink, node);
  }

  /** Opens a node as a folder and lists it. */
  async list(node: bigint): Promise<Reply> {
    const opened = await this.request(op.opendir, node, numbers(0, 0));
    if (opened.error !== 0) {
      return opened;
    }
    const handle = opened.body.subarray(0, 8);
    return this.request(op.readdir, node, handle, Buffer.alloc(8), numbers(4096, 0, 0, 0, 0, 0));
  }

  /** Changes the mode, in struct fuse_setattr_in's fields. */
  chmod(node: bigint, mode: number): Promise<Reply> {
    const attributes = Buffer.alloc(88);
    attributes.writeUInt32LE(1, 0); // FATTR_MODE
    attributes.writeUInt32LE(mode, 68);
    return this.request(op.setattr, node, attributes);
  }

  setxattr(node: bigint, name: string, value: string): Promise<Reply> {
    const bytes = Buffer.from(value);
    return this.request(op.setxattr, node, numbers(bytes.length, 0), word(name), bytes);
  }
}

function word(text: string): Buffer {
  return Buffer.from(`${text}\0`, "latin1");
}

function numbers(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) {
    buffer.writeUInt32LE(value, index * 4);
  }
  return buffer;
}

function long(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer;
}
