import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { compileAgents } from "./compose/agents.ts";
import { composeTree } from "./compose/tree.ts";
import { type ContentStore, contentPath } from "./extract/content.ts";
import { extractPackages } from "./extract/extract.ts";
import { fetchPackages } from "./fetch/fetch.ts";
import { fetchRuntime } from "./fetch/runtime.ts";
import { SNAPSHOT_ARCHIVE } from "./fetch/snapshot.ts";
import { makeAddOnInitrd, makeBaseInitrd } from "./initrds/initrds.ts";
import { makeIso } from "./iso/iso.ts";
import { publish } from "./publish/publish.ts";
import { type Arch, readRecipe } from "./recipe.ts";
import { lockPath } from "./resolve/lock.ts";
import { chooseMirrors, readAptSources } from "./resolve/mirror.ts";
import { resolvePackages } from "./resolve/resolve.ts";
import type { Progress } from "./stage/progress.ts";
import { makeUsrImage } from "./usr/usr-image.ts";

/** The repository that this file lies in. */
export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), "..");

export interface BuildOptions {
  recipePath?: string | undefined;
  arch?: Arch | undefined;
  /** Where the artifacts go. */
  outDir?: string | undefined;
  /** Where downloads and stages' outputs are kept. */
  cacheDir?: string | undefined;
  update?: boolean;
  locked?: boolean;
  mirror?: string | undefined;
  /** Compress little: for work on the image, not for users. */
  fast?: boolean;
  progress: Progress;
}

/** zstd level of --fast. */
const FAST_LEVEL = 1;

/** Recipe → artifacts in the folder that is returned. */
export async function buildImage(options: BuildOptions): Promise<string> {
  const { progress } = options;
  const recipePath = options.recipePath ?? join(REPOSITORY, "image", "recipe.toml");
  const cacheDir = options.cacheDir ?? join(REPOSITORY, ".cache");
  const outDir = options.outDir ?? join(REPOSITORY, "dist");
  const recipe = readRecipe(recipePath, options.arch);
  const version = imageVersion();
  const mirrors = () =>
    chooseMirrors(options.mirror ?? process.env.BOOT2PODMAN_MIRROR, readAptSources("/etc/apt"));
  const store: ContentStore = { folder: join(cacheDir, "content") };

  const lock = await resolvePackages(recipe, {
    lockFile: lockPath(recipePath, recipe.arch),
    cacheDir,
    mirrors,
    update: options.update ?? false,
    locked: options.locked ?? false,
    progress,
  });
  await fetchPackages(lock, { cacheDir, mirrors, snapshot: SNAPSHOT_ARCHIVE, progress });
  const packages = await extractPackages(lock, cacheDir, store, progress);
  const runtime = await fetchRuntime(REPOSITORY, recipe.arch, cacheDir, progress);
  const agents = await compileAgents(
    { repository: REPOSITORY, cacheDir, arch: recipe.arch, version, runtime, progress },
    store,
  );
  const composition = await composeTree(packages, agents, lock.kernelPackage, store, {
    recipe,
    recipePath,
    staticTree: join(REPOSITORY, "image", "tree"),
    version,
    cacheDir,
    progress,
  });
  const timeSeconds = sourceTime(lock.resolvedAt);
  const usrImage = await makeUsrImage(composition.usr, store, {
    cacheDir,
    level: options.fast ? FAST_LEVEL : recipe.compression.level,
    blockBytes: recipe.compression.block_bytes,
    timeSeconds,
    progress,
  });
  const initrd = await makeBaseInitrd(recipe, composition, store, {
    cacheDir,
    init: join(REPOSITORY, "image", "initrd", "init"),
    timeSeconds,
  });
  await publish(outDir, async (folder) => {
    copyFileSync(contentPath(store, composition.kernel.sha256), join(folder, "vmlinuz64"));
    copyFileSync(initrd, join(folder, "corepure64.gz"));
    await makeAddOnInitrd(recipe, usrImage, store, { timeSeconds }, join(folder, "boot2podman.gz"));
    progress.line("making the ISO");
    const parts = join(folder, ".iso");
    await makeIso(
      {
        recipe,
        packages,
        store,
        version,
        timeSeconds,
        kernel: join(folder, "vmlinuz64"),
        baseInitrd: join(folder, "corepure64.gz"),
        addOnInitrd: join(folder, "boot2podman.gz"),
      },
      parts,
      join(folder, "boot2podman.iso"),
    );
    rmSync(parts, { recursive: true });
  });
  return outDir;
}

/** The version of everything: package.json has it. */
export function imageVersion(): string {
  const text = readFileSync(join(REPOSITORY, "package.json"), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/** Time of all files, in seconds since 1970: SOURCE_DATE_EPOCH, else when the lock was made. */
function sourceTime(resolvedAt: string): number {
  const asked = process.env.SOURCE_DATE_EPOCH;
  return asked !== undefined && /^\d+$/.test(asked)
    ? Number(asked)
    : Math.floor(Date.parse(resolvedAt) / 1000);
}
