import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { type ContentStore, contentPath } from "../files/content.ts";
import { toolOutput } from "../tool/tool-output.ts";
import type { Piece } from "./packing.ts";
import { endedByContent } from "./zstd-frame.ts";

/** Compressed blocks that no build has used for so long are forgotten. */
const forgetAfterMs = 14 * 24 * 3600 * 1000;

/** Compresses bytes into one zstd frame. */
export type Compress = (bytes: Buffer) => Promise<Buffer>;

/** A block as it lies in the image. */
export interface PackedBlock {
  bytes: Buffer;
  isCompressed: boolean;
}

/** zstd at a level, as a frame that fits squashfs: no checksum, no window beyond the block, no empty block behind. */
export function zstdCompressor(level: number): Compress {
  const strength = level > 19 ? ["--ultra", `-${level}`] : [`-${level}`];
  return async (bytes) => {
    const options = ["-cq", "-T1", "--no-check", `--stream-size=${bytes.length}`, ...strength];
    return endedByContent(
      await toolOutput("zstd", options, { purpose: "compress /usr", input: bytes }),
    );
  };
}

/** Compresses; what doesn't get smaller stays as it is. */
export async function packBlock(bytes: Buffer, compress: Compress): Promise<PackedBlock> {
  const compressed = await compress(bytes);
  return compressed.length < bytes.length
    ? { bytes: compressed, isCompressed: true }
    : { bytes, isCompressed: false };
}

/**
 * A compressor that remembers: a block compressed before, in any build, is read instead. `folder` is
 * for one compressor's results only.
 */
export function remembering(compress: Compress, folder: string): Compress {
  return async (bytes) => {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const path = join(folder, sha256.slice(0, 2), sha256);
    const known = readIfPresent(path);
    if (known) {
      return known;
    }
    const compressed = await compress(bytes);
    mkdirSync(dirname(path), { recursive: true });
    const partial = `${path}.partial-${process.pid}`;
    try {
      writeFileSync(partial, compressed);
      renameSync(partial, path);
    } finally {
      rmSync(partial, { force: true });
    }
    return compressed;
  };
}

function readIfPresent(path: string): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    const now = new Date();
    utimesSync(path, now, now);
    return bytes;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** Removes remembered blocks that no build has used for weeks. */
export function forgetOldBlocks(folder: string, nowMs: number): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    const facts = statSync(path);
    if (facts.isFile() && nowMs - facts.mtimeMs > forgetAfterMs) {
      rmSync(path);
    }
  }
}

/** Packs every block made of pieces, as many at once as there are processors; results in order. */
export async function packBlocks(
  blocks: readonly (readonly Piece[])[],
  store: ContentStore,
  compress: Compress,
  onPacked: (sizeBytes: number) => void,
): Promise<PackedBlock[]> {
  const packed: PackedBlock[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < blocks.length; index = next++) {
      const bytes = readPieces(blocks[index] ?? [], store);
      packed[index] = await packBlock(bytes, compress);
      onPacked(bytes.length);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return packed;
}

function readPieces(pieces: readonly Piece[], store: ContentStore): Buffer {
  const bytes = Buffer.alloc(pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  let at = 0;
  for (const { sha256, offset, sizeBytes } of pieces) {
    const file = openSync(contentPath(store, sha256), "r");
    try {
      readSync(file, bytes, at, sizeBytes, offset);
    } finally {
      closeSync(file);
    }
    at += sizeBytes;
  }
  return bytes;
}
