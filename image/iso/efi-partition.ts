import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { type ContentStore, contentPath } from "../files/content.ts";
import type { FileEntry } from "../files/entry.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";

const sectorBytes = 512;
const clusterSectors = 4;

/** A file in EFI/BOOT. */
export interface EfiFile {
  name: string;
  entry: FileEntry;
}

/** Sectors of a FAT12 filesystem that just holds files of these sizes in two folders. */
export function fatSectors(sizesBytes: readonly number[]): number {
  const clusterBytes = clusterSectors * sectorBytes;
  const folders = 2;
  const clusters = sizesBytes.reduce(
    (sum, sizeBytes) => sum + Math.ceil(sizeBytes / clusterBytes),
    folders,
  );
  const fatSize = Math.ceil(((clusters + 2) * 1.5) / sectorBytes);
  const rootFolder = 32;
  const spare = 8 * clusterSectors;
  return clusters * clusterSectors + 2 * fatSize + rootFolder + spare;
}

/** Makes the EFI system partition in `folder`: only loaders; they read the rest from ISO 9660. */
export async function makeEfiPartition(
  files: readonly EfiFile[],
  store: ContentStore,
  folder: string,
  timeSeconds: number,
): Promise<string> {
  const image = join(folder, "efi.img");
  const env = {
    ...toolEnvironment(),
    SOURCE_DATE_EPOCH: String(timeSeconds),
    MTOOLS_SKIP_CHECK: "1",
  };
  const purpose = "make the EFI partition";
  const run = (tool: "mformat" | "mmd" | "mcopy", args: readonly string[]) =>
    runTool(tool, ["-i", image, ...args], { purpose, env });
  const sectors = fatSectors(files.map(({ entry }) => entry.sizeBytes));
  const geometry = ["-T", String(sectors), "-h", "16", "-s", "32", "-c", String(clusterSectors)];
  // A fixed serial number; mformat's own would come from the clock.
  await run("mformat", ["-C", ...geometry, "-N", "b2b0d001", "-v", "B2P-EFI", "::"]);
  await run("mmd", ["::/EFI", "::/EFI/BOOT"]);
  for (const { name, entry } of files) {
    const loose = join(folder, name);
    copyFileSync(contentPath(store, entry.sha256), loose);
    await run("mcopy", [loose, `::/EFI/BOOT/${name}`]);
  }
  return image;
}
