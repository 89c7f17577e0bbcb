import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { extractPackages } from "../extract/extract.ts";
import { type FetchOptions, fetchPackages } from "../fetch/fetch.ts";
import { type ContentStore, contentPath } from "../files/content.ts";
import type { Entry } from "../files/entry.ts";
import { machineFiles } from "../publish/machine-download.ts";
import { readManifest } from "../publish/manifest.ts";
import { packagesOfExtension, readExtension } from "../recipe/extension.ts";
import { packLayer } from "../release/layer.ts";
import type { Descriptor, OciLayout } from "../release/oci-layout.ts";
import { compileProgram, linuxAmd64 } from "../release/programs.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import { lockPath } from "../resolve/lock.ts";
import { type ResolveOptions, resolveBeside } from "../resolve/resolve.ts";
import { containerContents } from "./contents.ts";

/** The recipe of the container image. */
export const containerRecipe = join(import.meta.dirname, "bootc-container.toml");

/** Where podman-machine lies in it; a program of its own looks for boot2podman's image beside itself. */
const home = "usr/lib/boot2podman";
const program = `/${home}/podman-machine`;

/** How the image is run: docs/bootc.md describes it. */
const runConfig = {
  // Commands leave QEMU and others behind, whose ends the first process has to take note of.
  Entrypoint: ["/usr/bin/tini", "--", program, "bootc"],
  Cmd: ["--help"],
  Env: [
    "PATH=/usr/bin",
    "HOME=/root",
    "XDG_CACHE_HOME=/cache",
    "MACHINE_STORAGE_PATH=/cache/machines",
  ],
  Volumes: { "/cache": {} },
  WorkingDir: "/",
};

/** What the container images are made of, and where. */
export interface ContainerOptions {
  repository: string;
  /** Where packages come from, by the lock of an architecture. */
  archive: (lockFile: string) => ResolveOptions & FetchOptions;
  /** A folder for what is unfinished. */
  work: string;
  /** Of zstd. */
  level: number;
  progress: Progress;
}

/** Adds the container image of each built image to a layout, by the tag VERSION-bootc. */
export async function addBootcContainers(
  layout: OciLayout,
  images: readonly string[],
  options: ContainerOptions,
): Promise<void> {
  const made: Descriptor[] = [];
  let tag = "";
  for (const image of images) {
    const { arch, version } = readManifest(image);
    if (readExtension(containerRecipe).archs.includes(arch)) {
      made.push(await makeBootcContainer(layout, image, options));
      tag = `${version}-bootc`;
    }
  }
  if (made.length > 0) {
    layout.tag(tag, made);
  }
}

/**
 * Makes the container image that runs `podman-machine bootc`: QEMU and what else that calls from Debian's packages, the
 * program, and boot2podman's own image.
 */
async function makeBootcContainer(
  layout: OciLayout,
  image: string,
  { repository, archive: archiveOf, work, level, progress }: ContainerOptions,
): Promise<Descriptor> {
  const { arch, suite, timeSeconds, version } = readManifest(image);
  const recipe = readExtension(containerRecipe);
  const archive = archiveOf(lockPath(containerRecipe, arch));
  const { cacheDir } = archive;
  const nothing = { suite, arch, kernelPackage: "none", resolvedAt: "", packages: [] };
  const lock = await resolveBeside(packagesOfExtension(recipe), nothing, archive);
  await fetchPackages(lock, archive);
  const store = { folder: join(cacheDir, "content") };
  const packages = await extractPackages(lock, cacheDir, store, progress);
  progress.line("making the container image of podman-machine bootc");
  const entries = containerContents(packages, recipe, containerRecipe, arch, store);
  const root = join(work, "root");
  mkdirSync(root);
  layOut(root, entries, store);
  mkdirSync(join(root, home), { recursive: true });
  for (const name of machineFiles) {
    copyFileSync(join(image, name), join(root, home, name), constants.COPYFILE_FICLONE);
    chmodSync(join(root, home, name), 0o644);
  }
  // What it is made of, for whoever looks for a version.
  const made = lock.packages.map(({ name, version }) => ({ name, version }));
  writeFileSync(join(root, home, "packages.json"), `${JSON.stringify(made, null, 1)}\n`);
  await compileProgram({ repository, cacheDir, progress }, linuxAmd64, join(root, program));
  chmodSync(join(root, program), 0o755);
  const { layer, diffId } = await packLayer(layout, {
    folder: root,
    names: ["."],
    words: ["--owner=0", "--group=0"],
    timeSeconds,
    work,
    level,
  });
  rmSync(root, { recursive: true });
  const labels = { "org.opencontainers.image.version": version };
  const config = layout.json(
    {
      architecture: arch,
      os: "linux",
      config: { ...runConfig, Labels: labels },
      rootfs: { type: "layers", diff_ids: [diffId] },
    },
    "application/vnd.oci.image.config.v1+json",
  );
  return { ...layout.manifest([layer], config), platform: { architecture: arch, os: "linux" } };
}

/** Lays a tree out as files of this host; whose they are is said when they are packed. */
function layOut(root: string, entries: readonly Entry[], store: ContentStore): void {
  for (const entry of entries) {
    const path = join(root, entry.path);
    switch (entry.type) {
      case "folder":
        mkdirSync(path, { recursive: true });
        chmodSync(path, entry.mode);
        break;
      case "link":
        symlinkSync(entry.target, path);
        break;
      case "file":
        copyFileSync(contentPath(store, entry.sha256), path, constants.COPYFILE_FICLONE);
        // Nobody in the container needs another's rights.
        chmodSync(path, entry.mode & 0o777);
        break;
      case "device":
        throw new BuildError(`${entry.path} is a device: a container image has none`);
    }
  }
}
