import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { packageFile } from "../compose/packages.ts";
import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, contentPath } from "../files/content.ts";
import type { FileEntry } from "../files/entry.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import { makeEfiPartition } from "./efi-partition.ts";
import { grubConfig, isoInitrds, isoKernel, isolinuxConfig } from "./menus.ts";

/** What the ISO is made of: the boot loaders' packages, and the paths of the kernel and both initrds. */
export interface IsoInput {
  recipe: Recipe;
  packages: readonly ExtractedPackage[];
  store: ContentStore;
  version: string;
  timeSeconds: number;
  kernel: string;
  baseInitrd: string;
  addOnInitrd: string;
}

/** The volume id: existing clients read the version out of it. */
export function volumeId(recipe: Recipe, version: string): string {
  return recipe.image.volume_id.replaceAll("{version}", version);
}

/** The boot loaders' files. */
export function loaderFiles(recipe: Recipe, packages: readonly ExtractedPackage[]): FileEntry[] {
  const { secure_boot: secureBoot, bios } = recipe.machine;
  return [
    packageFile(packages, secureBoot.shim_package, secureBoot.shim),
    packageFile(packages, secureBoot.loader_package, secureBoot.loader),
    ...(bios ? [packageFile(packages, bios.package, bios.loader)] : []),
    ...(bios?.modules ?? []).map((path) =>
      packageFile(packages, bios?.modules_package ?? "", path),
    ),
  ];
}

/**
 * Makes the ISO in `target`: boots from CD and DVD under BIOS (where the architecture has that) and
 * UEFI with or without Secure Boot, and as the image of a USB stick. `folder` is for what goes in.
 */
export async function makeIso(input: IsoInput, folder: string, target: string): Promise<void> {
  const { recipe, packages, store, timeSeconds } = input;
  const { secure_boot: secureBoot, bios } = recipe.machine;
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const stored = (name: string, path: string) =>
    contentPath(store, packageFile(packages, name, path).sha256);
  const efi = await makeEfiPartition(
    [
      {
        name: secureBoot.shim_name,
        entry: packageFile(packages, secureBoot.shim_package, secureBoot.shim),
      },
      {
        name: secureBoot.loader_name,
        entry: packageFile(packages, secureBoot.loader_package, secureBoot.loader),
      },
    ],
    store,
    folder,
    timeSeconds,
  );
  const id = volumeId(recipe, input.version);
  const [base = "", addOn = ""] = isoInitrds;
  const members: Record<string, string> = {
    // The signed GRUB looks for this file to find its disk.
    ".disk/info": write("disk-info", `${id}\n`),
    "boot/grub/grub.cfg": write("grub.cfg", grubConfig(recipe)),
    [isoKernel]: input.kernel,
    [base]: input.baseInitrd,
    [addOn]: input.addOnInitrd,
    ...carried(recipe, (names) => write("onboot.lst", names)),
  };
  if (bios) {
    members["boot/efi.img"] = efi;
    members["isolinux/isolinux.cfg"] = write("isolinux.cfg", isolinuxConfig(recipe));
    members["isolinux/isolinux.bin"] = stored(bios.package, bios.loader);
    for (const path of bios.modules) {
      members[`isolinux/${path.slice(path.lastIndexOf("/") + 1)}`] = stored(
        bios.modules_package,
        path,
      );
    }
  }
  const biosBoot = bios
    ? [
        ...["-isohybrid-mbr", stored(bios.package, bios.disk_sector)],
        ...["-c", "isolinux/boot.cat", "-b", "isolinux/isolinux.bin"],
        ...["-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "-eltorito-alt-boot"],
        ...["-e", "boot/efi.img", "-no-emul-boot", "-isohybrid-gpt-basdat"],
        // Alignment to cylinders, for the BIOSes of the nineties, would add up to 1 MiB.
        ...["-partition_cyl_align", "off"],
      ]
    : [
        ...["-append_partition", "2", "0xef", efi, "-c", "boot/boot.cat"],
        ...["-e", "--interval:appended_partition_2:all::", "-no-emul-boot"],
      ];
  const args = [
    ...["-as", "mkisofs", "-quiet", "-o", target, "-V", id, "-r", "-iso-level", "3", "-no-pad"],
    ...["-full-iso9660-filenames", ...biosBoot],
    ...["--set_all_file_dates", `=${timeSeconds}`, "-graft-points"],
    ...Object.entries(members)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, source]) => `${path}=${source}`),
  ];
  await runTool("xorriso", args, {
    purpose: "make the ISO",
    // The dates of the volume and the disk's GUID come from it.
    env: { ...toolEnvironment(), SOURCE_DATE_EPOCH: String(timeSeconds) },
  });
}

/** Extensions with what they need, and their names for the boot, which read as `extension-release.NAME` has them. */
function carried(
  { cde }: Recipe,
  write: (names: string) => string,
): Readonly<Record<string, string>> {
  if (cde.length === 0) {
    return {};
  }
  const members: Record<string, string> = {};
  for (const path of cde) {
    for (const one of [path, `${path}.dep`].filter((file) => existsSync(file))) {
      members[`cde/optional/${basename(one)}`] = one;
    }
    if (!existsSync(path)) {
      throw new BuildError(`cde: ${path} is not there: build it with "npm run extension"`);
    }
  }
  // NAME-VERSION-ARCH.raw, or NAME.raw.
  const names = cde.map((path) => basename(path, ".raw").replace(/-v?\d[^/]*-(x86-64|arm64)$/, ""));
  members["cde/onboot.lst"] = write(names.map((name) => `${name}\n`).join(""));
  return members;
}
