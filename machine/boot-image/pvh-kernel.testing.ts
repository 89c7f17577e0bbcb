import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import type { Compression } from "./bzimage.ts";

/** What is said of the made kernel's note, to be changed by tests. */
interface NoteOptions {
  readonly name?: string;
  readonly type?: number;
  readonly entry?: number;
}

const loadedAt = 0x1000000;

/** A kernel as far as a loader looks: one segment that is loaded at 16 MiB, and notes, the second with the entry. */
export function madeKernel({ name = "Xen\0", type = 18, entry = loadedAt + 64 }: NoteOptions = {}) {
  const notes = Buffer.concat([note("Linux\0", 257, 4), note(name, type, entry)]);
  const code = Buffer.alloc(4096, "code");
  const notesAt = 64 + 2 * 56;
  const header = Buffer.alloc(64);
  header.write("7f454c460201", "hex");
  header.writeUInt16LE(62, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(2, 56);
  const codeAt = notesAt + notes.length;
  const segments = [segment(1, codeAt, code.length), segment(4, notesAt, notes.length)];
  return Buffer.concat([header, ...segments, notes, code]);
}

function segment(type: number, offset: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(56);
  bytes.writeUInt32LE(type, 0);
  bytes.writeBigUInt64LE(BigInt(offset), 8);
  bytes.writeBigUInt64LE(BigInt(loadedAt), 24);
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 32);
  return bytes;
}

function note(name: string, type: number, value: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(name.length, 0);
  header.writeUInt32LE(8, 4);
  header.writeUInt32LE(type, 8);
  const description = Buffer.alloc(8);
  description.writeUInt32LE(value);
  const padding = Buffer.alloc((4 - (name.length % 4)) % 4);
  return Buffer.concat([header, Buffer.from(name), padding, description]);
}

/** The same bytes compressed, as Linux's build does it. */
export function compressed(bytes: Buffer, compression: Compression): Buffer {
  const words = { xz: ["xz", "-zc"], zstd: ["zstd", "-cq"] };
  if (compression === "gzip") {
    return gzipSync(bytes);
  }
  const [program = "", ...args] = words[compression];
  return execFileSync(program, args, { input: bytes });
}

/** A bzImage with that payload, which is said to be that large. */
export function madeBzImage(stream: Buffer, compression: Compression, sizeBytes: number): Buffer {
  const setupSectors = 3;
  const offset = 100;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(sizeBytes);
  const payload = compression === "gzip" ? stream : Buffer.concat([stream, size]);
  const setup = Buffer.alloc((1 + setupSectors) * 512 + offset);
  setup.writeUInt8(setupSectors, 0x1f1);
  setup.write("HdrS", 0x202);
  setup.writeUInt16LE(0x020f, 0x206);
  setup.writeUInt32LE(offset, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, payload, Buffer.alloc(333, "behind it")]);
}

/** A whole bzImage of a kernel. */
export function bzImageOf(kernel: Buffer, compression: Compression = "gzip"): Buffer {
  return madeBzImage(compressed(kernel, compression), compression, kernel.length);
}
