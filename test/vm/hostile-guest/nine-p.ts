import { DeviceUnderTest, messageMaxBytes } from "./qtest.ts";

/** Types of requests (9P2000.L, diod's protocol.md). */
const request = {
  lopen: 12,
  lcreate: 14,
  symlink: 16,
  mknod: 18,
  rename: 20,
  readlink: 22,
  setattr: 26,
  xattrwalk: 30,
  readdir: 40,
  link: 70,
  mkdir: 72,
  renameat: 74,
  unlinkat: 76,
  version: 100,
  attach: 104,
  walk: 110,
  read: 116,
  write: 118,
} as const;
const errorAnswer = 7;
const noFid = 0xffff_ffff;
const virtio9pId = 0x1009;
const readMaxBytes = 4096;

/** What the server answered: 0 or an error number, and the bytes after the header. */
export interface Answer {
  readonly error: number;
  readonly body: Buffer;
}

const u16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number) => Buffer.concat([u32(value), u32(0)]);
const text = (value: string) => Buffer.concat([u16(Buffer.byteLength(value)), Buffer.from(value)]);

/** A guest's kernel that says to QEMU's 9p server whatever it is told to. */
export class NinePClient {
  readonly #device: DeviceUnderTest;
  /** The share's own folder. */
  readonly root = 1;
  #nextFid = 2;

  private constructor(device: DeviceUnderTest) {
    this.#device = device;
  }

  /** Starts QEMU with the devices of a share, and opens it as root of the guest. */
  static async start(before: readonly string[], share: readonly string[]): Promise<NinePClient> {
    const client = new NinePClient(await DeviceUnderTest.start(before, share, virtio9pId));
    for (const [type, ...parts] of [
      [request.version, u32(messageMaxBytes), text("9P2000.L")],
      [request.attach, u32(client.root), u32(noFid), text("root"), text(""), u32(0)],
    ] as const) {
      const { error } = await client.#request(type, ...parts);
      if (error !== 0) {
        throw new Error(`9p refuses to start with ${error}`);
      }
    }
    return client;
  }

  end(): Promise<void> {
    return this.#device.end();
  }

  async #request(type: number, ...parts: readonly Buffer[]): Promise<Answer> {
    const body = Buffer.concat(parts);
    const tag = type === request.version ? 0xffff : 1;
    const message = Buffer.concat([u32(7 + body.length), Buffer.from([type]), u16(tag), body]);
    const answer = await this.#device.exchange(message);
    return answer[4] === errorAnswer
      ? { error: answer.readUInt32LE(7), body: Buffer.alloc(0) }
      : { error: 0, body: answer.subarray(7) };
  }

  /** The end of a way of names; where it doesn't lead that far, a number that stands for nothing. */
  async walk(from: number, ...names: readonly string[]): Promise<Answer & { fid: number }> {
    const fid = this.#nextFid;
    this.#nextFid += 1;
    const way = Buffer.concat([u16(names.length), ...names.map(text)]);
    return { fid, ...(await this.#request(request.walk, u32(from), u32(fid), way)) };
  }

  /** Opens a copy of it, so that it can still be walked from. */
  async #opened(fid: number, flags: number): Promise<Answer & { fid: number }> {
    const copy = await this.walk(fid);
    const { error, body } = await this.#request(request.lopen, u32(copy.fid), u32(flags));
    return { fid: copy.fid, error: copy.error || error, body };
  }

  /** A file's beginning. */
  async read(fid: number, flags = 0): Promise<Answer> {
    const opened = await this.#opened(fid, flags);
    return this.#request(request.read, u32(opened.fid), u64(0), u32(readMaxBytes));
  }

  /** A folder's names. */
  async list(fid: number): Promise<Answer> {
    const opened = await this.#opened(fid, 0o200000);
    return this.#request(request.readdir, u32(opened.fid), u64(0), u32(readMaxBytes));
  }

  /** Overwrites what is there. */
  async overwrite(fid: number, content: string): Promise<Answer> {
    const opened = await this.#opened(fid, 0o1001);
    const bytes = Buffer.from(content);
    return this.#request(request.write, u32(opened.fid), u64(0), u32(bytes.length), bytes);
  }

  /** Makes a file, or opens the one that is there, and writes it. */
  async create(folder: number, name: string, content: string): Promise<Answer> {
    const copy = await this.walk(folder);
    const how = [u32(0o1102), u32(0o644), u32(0)];
    const made = await this.#request(request.lcreate, u32(copy.fid), text(name), ...how);
    const bytes = Buffer.from(content);
    const sent = [u32(copy.fid), u64(0), u32(bytes.length), bytes];
    return made.error === 0 ? this.#request(request.write, ...sent) : made;
  }

  readlink(fid: number): Promise<Answer> {
    return this.#request(request.readlink, u32(fid));
  }

  /** Mode and size at once. */
  change(fid: number, mode: number): Promise<Answer> {
    const [modeAndSize, none] = [u32(1 | 8), u32(0)];
    const times = Buffer.alloc(32);
    return this.#request(
      request.setattr,
      u32(fid),
      modeAndSize,
      u32(mode),
      none,
      none,
      u64(0),
      times,
    );
  }

  mkdir(folder: number, name: string): Promise<Answer> {
    return this.#request(request.mkdir, u32(folder), text(name), u32(0o755), u32(0));
  }

  mknod(folder: number, name: string): Promise<Answer> {
    const [fifo, none] = [u32(0o010644), u32(0)];
    return this.#request(request.mknod, u32(folder), text(name), fifo, none, none, none);
  }

  symlink(folder: number, name: string, target: string): Promise<Answer> {
    return this.#request(request.symlink, u32(folder), text(name), text(target), u32(0));
  }

  link(folder: number, fid: number, name: string): Promise<Answer> {
    return this.#request(request.link, u32(folder), u32(fid), text(name));
  }

  /** Moves what is held into a folder. */
  rename(fid: number, folder: number, name: string): Promise<Answer> {
    return this.#request(request.rename, u32(fid), u32(folder), text(name));
  }

  renameAt(from: number, name: string, to: number, other: string): Promise<Answer> {
    return this.#request(request.renameat, u32(from), text(name), u32(to), text(other));
  }

  /** Removes a file, or with `isFolder` an empty folder. */
  unlink(folder: number, name: string, isFolder = false): Promise<Answer> {
    return this.#request(request.unlinkat, u32(folder), text(name), u32(isFolder ? 0x200 : 0));
  }

  attribute(fid: number, name: string): Promise<Answer> {
    const copy = this.#nextFid;
    this.#nextFid += 1;
    return this.#request(request.xattrwalk, u32(fid), u32(copy), text(name));
  }
}
