import { copyFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { runBuildStep } from "../cache/build-step.ts";
import { packageNamed } from "../compose/packages.ts";
import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, contentPath } from "../files/content.ts";
import type { MachineRecipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import { mebibyte, sectorBytes } from "./layout.ts";

/** Where GRUB looks for its menu: the same place and file as the signed one for UEFI. */
export const grubFolder = "EFI/debian";

/** GRUB for BIOS: the code in sector 0, and what it loads from the sectors behind it. */
export interface BiosLoader {
  code: Buffer;
  core: Buffer;
}

/**
 * Links GRUB for BIOS out of the target's parts. What boot.img and diskboot.img say by themselves holds: the core
 * begins in sector 1 and lies in one piece, so that nothing has to be installed.
 */
export async function makeBiosLoader(
  recipe: NonNullable<MachineRecipe["disk"]["bios"]>,
  packages: readonly ExtractedPackage[],
  store: ContentStore,
  cacheDir: string,
): Promise<BiosLoader> {
  const parts = packageNamed(packages, recipe.package).entries.flatMap((entry) =>
    entry.type === "file" && entry.path.startsWith(`${recipe.folder}/`) ? [entry] : [],
  );
  if (parts.length === 0) {
    throw new BuildError(
      `${recipe.package} has no folder ${recipe.folder}: correct machine.….disk.bios.folder in the recipe`,
    );
  }
  const folder = await runBuildStep(
    { name: "bios-loader", cacheDir, inputs: { recipe, parts }, code: ["disk/bios-loader.ts"] },
    async (output) => {
      for (const { path, sha256 } of parts) {
        copyFileSync(contentPath(store, sha256), join(output, basename(path)));
      }
      const prefix = ["-p", `(,msdos1)/${grubFolder}`];
      const args = ["-O", "i386-pc", "-d", output, ...prefix, "-o", join(output, "core")];
      await runTool("grub-mkimage", [...args, ...recipe.modules], {
        purpose: "link the disk's loader for BIOS",
        env: toolEnvironment(),
      });
    },
  );
  const core = readFileSync(join(folder, "core"));
  if (core.length > mebibyte - sectorBytes) {
    throw new BuildError(
      `GRUB for BIOS has ${core.length} bytes and doesn't fit in front of the first partition: take modules out of machine.….disk.bios.modules`,
    );
  }
  return { code: readFileSync(join(folder, "boot.img")), core };
}
