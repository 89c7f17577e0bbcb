import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { runBuildStep } from "../cache/build-step.ts";
import type { ContentStore } from "../files/content.ts";
import type { Entry } from "../files/entry.ts";
import { megabytes, type Progress } from "../report/progress.ts";
import {
  type Compress,
  forgetOldBlocks,
  type PackedBlock,
  packBlocks,
  remembering,
  zstdCompressor,
} from "./blocks.ts";
import { firstTouched } from "./first-touched.ts";
import { type Packing, planPacking } from "./packing.ts";
import { squashfsImage } from "./squashfs.ts";
import { usrIdBlock, usrIdOf } from "./usr-id.ts";

const diskName = "usr.img";

/** How /usr is compressed, and the time of all files in it, in seconds since 1970. */
export interface UsrImageOptions {
  cacheDir: string;
  /** Of zstd. */
  level: number;
  blockBytes: number;
  timeSeconds: number;
  progress: Progress;
}

/** The finished /usr, as images of two kinds. */
export interface UsrImage {
  /** Of the files: see usrIdOf. */
  id: string;
  /** Compressed, for an initrd. */
  path: string;
  /** Bytes that each content takes in the compressed image, by its SHA-256. */
  packedBytes: Map<string, number>;
  /** Uncompressed, as a disk that machines of a host share. */
  diskPath: string;
}

/** A page is read with its block: smaller than in the compressed image, where larger ones save room. */
const diskBlockBytes = 128 * 1024;

/** The tree below usr → squashfs images, whose root is /usr: a compressed one, and one for a disk. */
export async function makeUsrImage(
  usr: readonly Entry[],
  store: ContentStore,
  options: UsrImageOptions,
): Promise<UsrImage> {
  const { cacheDir, level, blockBytes, timeSeconds } = options;
  const entries = usr
    .filter(({ path }) => path.startsWith("usr/"))
    .map((entry) => ({ ...entry, path: entry.path.slice("usr/".length) }));
  const folder = await runBuildStep(
    {
      name: "usr",
      cacheDir,
      inputs: { entries, level, blockBytes, timeSeconds, firstTouched: firstTouched() },
      code: ["usr"],
    },
    (output) => packImage(entries, store, { ...options, touched: firstTouched() }, output),
  );
  const id = usrIdOf(entries);
  const disk = await runBuildStep(
    {
      name: "usr-disk",
      cacheDir,
      inputs: { id, entries, timeSeconds, firstTouched: firstTouched() },
      code: ["usr"],
    },
    (output) => writeUsrDisk(id, entries, store, timeSeconds, output),
  );
  const sizes = z
    .record(z.string(), z.number())
    .parse(JSON.parse(readFileSync(join(folder, "sizes.json"), "utf8")));
  return {
    id,
    path: join(folder, "usr.squashfs"),
    packedBytes: new Map(Object.entries(sizes)),
    diskPath: join(disk, diskName),
  };
}

/** Nothing is compressed: the host has room, and its page cache holds one copy for all machines. */
async function writeUsrDisk(
  id: string,
  entries: readonly Entry[],
  store: ContentStore,
  timeSeconds: number,
  output: string,
): Promise<void> {
  const compress: Compress = async (bytes) => bytes;
  const packing = planPacking(entries, diskBlockBytes, firstTouched());
  const { blocks, fragments } = await packAll(packing, store, compress, () => undefined);
  const image = await squashfsImage({
    entries,
    packing,
    blocks,
    fragments,
    blockBytes: diskBlockBytes,
    timeSeconds,
    compress,
  });
  await writeParts([...image, usrIdBlock(id)], join(output, diskName));
}

/** The data part of an image, as it lies there. */
async function packAll(
  packing: Packing,
  store: ContentStore,
  compress: Compress,
  onPacked: (sizeBytes: number) => void,
): Promise<{ blocks: PackedBlock[]; fragments: PackedBlock[] }> {
  const pieces = [...packing.blocks.map((piece) => [piece]), ...packing.fragments];
  const packed = await packBlocks(pieces, store, compress, onPacked);
  const blockCount = packing.blocks.length;
  return { blocks: packed.slice(0, blockCount), fragments: packed.slice(blockCount) };
}

async function packImage(
  entries: readonly Entry[],
  store: ContentStore,
  options: UsrImageOptions & { touched: readonly string[] },
  output: string,
): Promise<void> {
  const { cacheDir, level, blockBytes, progress } = options;
  // Not "zstd-19": blocks of earlier builds lie there, which Linux can't read everywhere.
  const folder = join(cacheDir, "blocks", `zstd-${level}-ended`);
  mkdirSync(folder, { recursive: true });
  const compress = zstdCompressor(level);
  const packing = planPacking(entries, blockBytes, options.touched);
  const pieces = [...packing.blocks, ...packing.fragments.flat()];
  const totalBytes = pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  progress.line(`compressing ${megabytes(totalBytes)} with zstd level ${level}`);
  let doneBytes = 0;
  const onPacked = (sizeBytes: number) => {
    doneBytes += sizeBytes;
    progress.live(`compressed ${megabytes(doneBytes)} of ${megabytes(totalBytes)}`);
  };
  const remembered = remembering(compress, folder);
  const { blocks, fragments } = await packAll(packing, store, remembered, onPacked);
  const image = await squashfsImage({
    entries,
    packing,
    blocks,
    fragments,
    blockBytes,
    timeSeconds: options.timeSeconds,
    compress,
  });
  await writeParts(image, join(output, "usr.squashfs"));
  const sizes = Object.fromEntries(packedSizes(packing, blocks, fragments));
  writeFileSync(join(output, "sizes.json"), JSON.stringify(sizes));
  forgetOldBlocks(folder, Date.now());
}

/** A compressed image of any tree, whose root is the tree's; gives its path in the cache. */
export async function makeSquashfs(
  name: string,
  entries: readonly Entry[],
  store: ContentStore,
  options: UsrImageOptions,
): Promise<string> {
  const { level, blockBytes, timeSeconds } = options;
  const folder = await runBuildStep(
    {
      name,
      cacheDir: options.cacheDir,
      inputs: { entries, level, blockBytes, timeSeconds },
      code: ["usr"],
    },
    (output) => packImage(entries, store, { ...options, touched: [] }, output),
  );
  return join(folder, "usr.squashfs");
}

/** One after the other: Bun's writeFile leaves zeros behind the parts of a list. */
async function writeParts(parts: readonly Buffer[], path: string): Promise<void> {
  await pipeline(Readable.from(parts), createWriteStream(path));
}

/** What each content takes: its own blocks, and its part of the fragment that holds its end. */
export function packedSizes(
  packing: Packing,
  blocks: readonly PackedBlock[],
  fragments: readonly PackedBlock[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  const add = (sha256: string, sizeBytes: number) =>
    sizes.set(sha256, (sizes.get(sha256) ?? 0) + sizeBytes);
  for (const [index, { sha256 }] of packing.blocks.entries()) {
    add(sha256, blocks[index]?.bytes.length ?? 0);
  }
  for (const [index, pieces] of packing.fragments.entries()) {
    const rawBytes = pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const packedBytes = fragments[index]?.bytes.length ?? 0;
    for (const { sha256, sizeBytes } of pieces) {
      add(sha256, (packedBytes * sizeBytes) / rawBytes);
    }
  }
  return sizes;
}
