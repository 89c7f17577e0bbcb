import { constants, copyFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Composition } from "../compose/tree.ts";
import { makeDisk, packDisk } from "../disk/disk.ts";
import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, contentPath } from "../files/content.ts";
import { baseEntries, makeAddOnInitrd, makeBaseInitrd } from "../initrds/initrds.ts";
import { loaderFiles, makeIso, volumeId } from "../iso/iso.ts";
import { commandLine } from "../iso/menus.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Progress } from "../report/progress.ts";
import type { Lock } from "../resolve/lock.ts";
import type { UsrImage } from "../usr/usr-image.ts";
import { bundledPackages } from "./bundled.ts";
import { describeFiles, writeChecksums } from "./checksums.ts";
import { groupSizes, looseGroup } from "./groups.ts";
import { type Manifest, manifestName, manifestText } from "./manifest.ts";
import { sbomName, sbomText } from "./sbom.ts";

/** The disk image's name. */
export const diskImageName = "boot2podman.qcow2.zst";

/** Of zstd: with 12 the disk image is smaller than the ISO, and takes some seconds. */
export const diskLevels = { fast: 1, usual: 12 };

/** All that the steps before have made. */
export interface ArtifactsInput {
  repository: string;
  recipe: Recipe;
  lock: Lock;
  packages: readonly ExtractedPackage[];
  composition: Composition;
  store: ContentStore;
  usrImage: UsrImage;
  version: string;
  timeSeconds: number;
  isFast: boolean;
  cacheDir: string;
  progress: Progress;
}

/** Writes every artifact into an empty folder. */
export async function writeArtifacts(input: ArtifactsInput, folder: string): Promise<void> {
  const { recipe, composition, store, timeSeconds, progress } = input;
  const kernel = join(folder, "vmlinuz64");
  const baseInitrd = join(folder, "corepure64.gz");
  const addOnInitrd = join(folder, "boot2podman.gz");
  const base = baseEntries(
    recipe,
    composition,
    store,
    join(input.repository, "image", "initrds", "init"),
    input.usrImage.id,
  );
  copyFileSync(contentPath(store, composition.kernel.sha256), kernel);
  copyFileSync(await makeBaseInitrd(base, store, input), baseInitrd);
  copyFileSync(
    input.usrImage.diskPath,
    join(folder, "boot2podman-usr.img"),
    constants.COPYFILE_FICLONE,
  );
  await makeAddOnInitrd(recipe, input.usrImage.path, store, timeSeconds, addOnInitrd);
  progress.line("making the ISO");
  const parts = join(folder, "iso-parts");
  await makeIso(
    { ...input, kernel, baseInitrd, addOnInitrd },
    parts,
    join(folder, "boot2podman.iso"),
  );
  progress.line("making the disk image");
  const raw = join(parts, "disk.raw");
  const diskParts = join(parts, "disk");
  await makeDisk({ ...input, kernel, baseInitrd }, diskParts, raw);
  const level = input.isFast ? diskLevels.fast : diskLevels.usual;
  await packDisk(raw, diskParts, join(folder, diskImageName), level);
  rmSync(parts, { recursive: true });

  const groups = [
    ...groupSizes(
      composition.groups,
      input.usrImage.packedBytes,
      statSync(input.usrImage.path).size,
    ),
    looseGroup("kernel", [composition.kernel], undefined),
    looseGroup("initrd", base, statSync(baseInitrd).size),
    looseGroup("loaders", loaderFiles(recipe, input.packages), undefined),
  ];
  const manifest: Manifest = {
    name: "boot2podman",
    version: input.version,
    arch: recipe.arch,
    suite: recipe.suite,
    volumeId: volumeId(recipe, input.version),
    timeSeconds,
    isFast: input.isFast,
    kernel: {
      release: composition.modules.release,
      commandLine: commandLine(recipe),
      modules: [...composition.modules.byName.keys()].sort(),
    },
    groups,
    packages: input.lock.packages.map(({ name, version, archive, path, sha256 }) => ({
      name,
      version,
      archive,
      path,
      sha256,
    })),
    artifacts: await describeFiles(folder),
  };
  writeFileSync(
    join(folder, sbomName),
    sbomText(manifest, input.packages, bundledPackages(input.repository)),
  );
  writeFileSync(join(folder, manifestName), manifestText(manifest));
  await writeChecksums(folder);
}
