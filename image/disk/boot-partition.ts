import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageFile } from "../compose/packages.ts";
import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, contentPath } from "../files/content.ts";
import type { FileEntry } from "../files/entry.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import { grubFolder } from "./bios-loader.ts";
import { sectorBytes } from "./layout.ts";
import { diskGrubConfig, environmentBlock, slotFolders } from "./menu.ts";

/** FAT16 counts to 65,524 clusters. */
const clusterSectors = 8;
/** The FAT filesystem's serial number; mformat's own would come from the clock. */
const serial = "b2b0d002";

/** What lies on the boot partition. */
export interface BootPartitionInput {
  recipe: Recipe;
  packages: readonly ExtractedPackage[];
  store: ContentStore;
  timeSeconds: number;
  kernel: string;
  baseInitrd: string;
}

/** The signed loaders for UEFI of a disk, by their names in EFI/BOOT. */
export function diskLoaders(
  recipe: Recipe,
  packages: readonly ExtractedPackage[],
): Record<string, FileEntry> {
  const { secure_boot: secureBoot, disk } = recipe.machine;
  return {
    [secureBoot.shim_name]: packageFile(packages, secureBoot.shim_package, secureBoot.shim),
    [secureBoot.loader_name]: packageFile(packages, secureBoot.loader_package, disk.loader),
  };
}

/** Makes the FAT filesystem with loaders, menu, kernel and initrd in `folder`. Returns its path. */
export async function makeBootPartition(
  input: BootPartitionInput,
  sizeBytes: number,
  folder: string,
): Promise<string> {
  const { recipe, packages, store } = input;
  const image = join(folder, "boot.img");
  const env = {
    ...toolEnvironment(),
    SOURCE_DATE_EPOCH: String(input.timeSeconds),
    MTOOLS_SKIP_CHECK: "1",
  };
  const run = (tool: "mformat" | "mmd" | "mcopy", args: readonly string[]) =>
    runTool(tool, ["-i", image, ...args], { purpose: "make the boot partition", env });
  const geometry = ["-T", String(sizeBytes / sectorBytes), "-h", "16", "-s", "32"];
  await run("mformat", [
    ...["-C", ...geometry, "-c", String(clusterSectors)],
    ...["-N", serial, "-v", "B2P-BOOT", "::"],
  ]);
  const [slot] = slotFolders;
  const folders = ["EFI", "EFI/BOOT", grubFolder, "boot", slot];
  await run(
    "mmd",
    folders.map((path) => `::/${path}`),
  );
  const copy = async (source: string, path: string) => {
    // Names beyond 8.3 take their case from the file that is copied.
    await run("mcopy", ["-o", source, `::/${path}`]);
  };
  for (const [name, entry] of Object.entries(diskLoaders(recipe, packages))) {
    const loose = join(folder, name);
    copyFileSync(contentPath(store, entry.sha256), loose);
    await copy(loose, `EFI/BOOT/${name}`);
  }
  const menu = join(folder, "grub.cfg");
  writeFileSync(menu, diskGrubConfig(recipe));
  await copy(menu, `${grubFolder}/grub.cfg`);
  const environment = join(folder, "grubenv");
  writeFileSync(environment, environmentBlock());
  await copy(environment, `${grubFolder}/grubenv`);
  await copy(input.kernel, `${slot}/vmlinuz64`);
  await copy(input.baseInitrd, `${slot}/corepure64.gz`);
  return image;
}
