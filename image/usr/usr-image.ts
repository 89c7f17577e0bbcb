import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { runBuildStep } from "../cache/build-step.ts";
import type { ContentStore } from "../files/content.ts";
import type { Entry } from "../files/entry.ts";
import { megabytes, type Progress } from "../report/progress.ts";
import {
  forgetOldBlocks,
  type PackedBlock,
  packBlocks,
  remembering,
  zstdCompressor,
} from "./blocks.ts";
import { type Packing, planPacking } from "./packing.ts";
import { squashfsImage } from "./squashfs.ts";

/** How /usr is compressed, and the time of all files in it, in seconds since 1970. */
export interface UsrImageOptions {
  cacheDir: string;
  /** Of zstd. */
  level: number;
  blockBytes: number;
  timeSeconds: number;
  progress: Progress;
}

/** The finished /usr image. */
export interface UsrImage {
  path: string;
  /** Bytes that each content takes in the image, by its SHA-256. */
  packedBytes: Map<string, number>;
}

/** The tree below usr → one squashfs image, whose root is /usr. */
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
      inputs: { entries, level, blockBytes, timeSeconds },
      code: ["usr"],
    },
    (output) => packImage(entries, store, options, output),
  );
  const sizes = z
    .record(z.string(), z.number())
    .parse(JSON.parse(readFileSync(join(folder, "sizes.json"), "utf8")));
  return { path: join(folder, "usr.squashfs"), packedBytes: new Map(Object.entries(sizes)) };
}

async function packImage(
  entries: readonly Entry[],
  store: ContentStore,
  options: UsrImageOptions,
  output: string,
): Promise<void> {
  const { cacheDir, level, blockBytes, progress } = options;
  const remembered = join(cacheDir, "blocks", `zstd-${level}`);
  mkdirSync(remembered, { recursive: true });
  const compress = zstdCompressor(level);
  const packing = planPacking(entries, blockBytes);
  const pieces = [...packing.blocks.map((piece) => [piece]), ...packing.fragments];
  const totalBytes = pieces.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  progress.line(`compressing /usr: ${megabytes(totalBytes)} with zstd level ${level}`);
  let doneBytes = 0;
  const packed = await packBlocks(pieces, store, remembering(compress, remembered), (sizeBytes) => {
    doneBytes += sizeBytes;
    progress.live(`compressing /usr: ${megabytes(doneBytes)} of ${megabytes(totalBytes)}`);
  });
  const blocks = packed.slice(0, packing.blocks.length);
  const fragments = packed.slice(packing.blocks.length);
  const image = await squashfsImage({
    entries,
    packing,
    blocks,
    fragments,
    blockBytes,
    timeSeconds: options.timeSeconds,
    compress,
  });
  await writeFile(join(output, "usr.squashfs"), image);
  const sizes = Object.fromEntries(packedSizes(packing, blocks, fragments));
  writeFileSync(join(output, "sizes.json"), JSON.stringify(sizes));
  forgetOldBlocks(remembered, Date.now());
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
