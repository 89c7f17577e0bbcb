import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { hashOfTree, inputsKey, isCurrent, recordState } from "./build-state.ts";
import { hashOfCode } from "./cache/build-step.ts";
import { replaceFolder } from "./cache/replace-folder.ts";
import { compileAgents } from "./compose/agents.ts";
import { composeTree } from "./compose/tree.ts";
import { extractPackages } from "./extract/extract.ts";
import { type FetchOptions, fetchPackages, PackagesGoneError } from "./fetch/fetch.ts";
import { fetchRuntime } from "./fetch/runtime.ts";
import { snapshotArchive } from "./fetch/snapshot.ts";
import { writeArtifacts } from "./publish/artifacts.ts";
import { readImage } from "./recipe/image.ts";
import type { Arch, Recipe } from "./recipe/recipe.ts";
import { BuildError } from "./report/build-error.ts";
import type { Progress } from "./report/progress.ts";
import { type Lock, lockPath } from "./resolve/lock.ts";
import { chooseMirrors } from "./resolve/mirrors.ts";
import { type ResolveOptions, resolveAnew, resolvePackages } from "./resolve/resolve.ts";
import { requireTools } from "./tool/required-tools.ts";
import { makeUsrImage } from "./usr/usr-image.ts";

/** The repository that this file lies in. */
export const repositoryFolder = join(dirname(fileURLToPath(import.meta.url)), "..");

/** zstd level of a fast build. */
const fastLevel = 1;

/** What whoever builds may choose; see image/build.ts for the options of the command. */
export interface BuildOptions {
  recipePath?: string | undefined;
  /** Instead of the recipe's own. */
  arch?: Arch | undefined;
  /** Where the artifacts go; dist in the repository by default. */
  outDir?: string | undefined;
  /** Where downloads and steps' outputs are kept; .cache in the repository by default. */
  cacheDir?: string | undefined;
  /** Take the newest packages and renew the lock file. */
  update?: boolean;
  /** Refuse to build anything but what the lock file says. */
  locked?: boolean;
  /** Debian's mirror, instead of the one that this machine's apt uses. */
  mirror?: string | undefined;
  /** The archive of old package versions, instead of Debian's. */
  snapshot?: string | undefined;
  /** Compress little: for work on the image, not for users. */
  fast?: boolean;
  progress: Progress;
}

/**
 * Builds the image's artifacts, or finds them built, and returns their folder.
 * @throws BuildError in one line; the artifacts that were there are then untouched.
 */
export async function buildImage(options: BuildOptions): Promise<string> {
  const { progress } = options;
  const recipePath = options.recipePath ?? join(repositoryFolder, "image", "recipe.toml");
  const cacheDir = options.cacheDir ?? join(repositoryFolder, ".cache");
  const outDir = options.outDir ?? join(repositoryFolder, "dist");
  const isFast = options.fast ?? false;
  const recipe = readImage(recipePath, options.arch);
  const lockFile = lockPath(recipePath, recipe.arch);
  const trees = [
    ...recipe.trees.map(hashOfTree),
    ...recipe.cde.filter((file) => existsSync(file)).map((file) => hashOfCode(file)),
  ];
  const settings = [recipe, trees, isFast, process.env.SOURCE_DATE_EPOCH ?? null];
  const key = () => inputsKey({ repository: repositoryFolder, recipePath, lockFile, settings });
  if (!options.update && isCurrent(cacheDir, outDir, key())) {
    progress.line(`${outDir} is up to date`);
    return outDir;
  }
  requireTools();
  const lock = await lockAndFetch(recipe, archiveOptions(options, lockFile, cacheDir));
  await buildLocked(recipe, lock, { recipePath, cacheDir, outDir, isFast, progress });
  recordState(cacheDir, outDir, key());
  return outDir;
}

/** Where packages come from, and when a lock is renewed. */
export function archiveOptions(
  options: BuildOptions,
  lockFile: string,
  cacheDir: string,
): ResolveOptions & FetchOptions {
  return {
    lockFile,
    cacheDir,
    mirrors: () => chooseMirrors(options.mirror ?? process.env.BOOT2PODMAN_MIRROR),
    update: options.update ?? false,
    locked: options.locked ?? false,
    snapshot: (options.snapshot ?? snapshotArchive).replace(/\/+$/, ""),
    progress: options.progress,
  };
}

/**
 * Recipe → packages in the cache. Packages that are nowhere to be had any more are resolved anew,
 * unless the lock must stay.
 */
export async function lockAndFetch(
  recipe: Recipe,
  options: ResolveOptions & FetchOptions,
): Promise<Lock> {
  const lock = await resolvePackages(recipe, options);
  try {
    await fetchPackages(lock, options);
    return lock;
  } catch (error) {
    if (!(error instanceof PackagesGoneError)) {
      throw error;
    }
    const names = someNames(error.gone.map(({ name }) => name));
    if (options.locked) {
      throw new BuildError(
        `--locked: ${error.message}: ${names}; build without --locked to take newer ones`,
        { cause: error },
      );
    }
    options.progress.line(`${error.message}: taking newer ones and renewing ${options.lockFile}`);
    const newer = await resolveAnew(recipe, options);
    await fetchPackages(newer, options);
    return newer;
  }
}

/** The first few of many names. */
function someNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

interface LockedBuild {
  recipePath: string;
  cacheDir: string;
  outDir: string;
  isFast: boolean;
  progress: Progress;
}

/** Packages in the cache → artifacts. */
async function buildLocked(recipe: Recipe, lock: Lock, build: LockedBuild): Promise<void> {
  const { cacheDir, progress } = build;
  const store = { folder: join(cacheDir, "content"), elsewhere: new Map<string, string>() };
  const version = imageVersion();
  const timeSeconds = sourceTime(lock.resolvedAt);
  const packages = await extractPackages(lock, cacheDir, store, progress);
  const runtime = await fetchRuntime(repositoryFolder, recipe.arch, cacheDir, progress);
  const agents = await compileAgents(
    { repository: repositoryFolder, cacheDir, arch: recipe.arch, version, runtime, progress },
    store,
  );
  const composition = await composeTree(packages, agents, lock.kernelPackage, store, {
    recipe,
    recipePath: build.recipePath,
    staticTree: join(repositoryFolder, "image", "tree"),
    version,
    cacheDir,
    isFast: build.isFast,
    progress,
  });
  const usrImage = await makeUsrImage(composition.usr, store, {
    cacheDir,
    level: build.isFast ? fastLevel : recipe.compression.level,
    blockBytes: recipe.compression.block_bytes,
    timeSeconds,
    progress,
  });
  await replaceFolder(build.outDir, (folder) =>
    writeArtifacts(
      {
        repository: repositoryFolder,
        recipe,
        lock,
        packages,
        composition,
        store,
        usrImage,
        version,
        timeSeconds,
        isFast: build.isFast,
        cacheDir,
        progress,
      },
      folder,
    ),
  );
}

/** The version of everything: package.json has it. */
export function imageVersion(): string {
  const text = readFileSync(join(repositoryFolder, "package.json"), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/**
 * Time of all files, in seconds since 1970: when the lock was made, or what the environment asks for
 * (reproducible-builds.org, SOURCE_DATE_EPOCH).
 */
export function sourceTime(resolvedAt: string): number {
  const asked = process.env.SOURCE_DATE_EPOCH;
  return asked !== undefined && /^\d+$/.test(asked)
    ? Number(asked)
    : Math.floor(Date.parse(resolvedAt) / 1000);
}
