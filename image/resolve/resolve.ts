import { join } from "node:path";
import { packagesOf, type Recipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import {
  dependenciesOf,
  lookUpPackages,
  makePrivateApt,
  type PrivateApt,
  updateIndexes,
} from "./apt.ts";
import { type Lock, readLock, unlockedPackages, writeLock } from "./lock.ts";
import type { Mirrors } from "./mirrors.ts";

/** When a lock may be renewed, and where from. */
export interface ResolveOptions {
  lockFile: string;
  cacheDir: string;
  /** Asked only when the archive is needed: a build from a lock works without a mirror's name. */
  mirrors: () => Promise<Mirrors>;
  /** Renew the lock even when it fits the recipe. */
  update: boolean;
  /** Refuse to renew the lock. */
  locked: boolean;
  progress: Progress;
}

/**
 * Recipe → lock: the packages of the recipe with versions and hashes.
 * @throws BuildError when the lock would have to be renewed and must not be.
 */
export async function resolvePackages(recipe: Recipe, options: ResolveOptions): Promise<Lock> {
  const lock = options.update ? undefined : readLock(options.lockFile);
  const why = lock ? misfit(lock, recipe) : options.update ? "--update" : "there is no lock file";
  if (lock && why === undefined) {
    return withoutUnwanted(lock, recipe);
  }
  if (options.locked) {
    throw new BuildError(
      `--locked: ${options.lockFile} does not fit the recipe (${why}): build once without --locked and keep the lock file`,
    );
  }
  options.progress.line(`resolving packages again: ${why}`);
  return await resolveAnew(recipe, options);
}

/** A lock without the packages that the recipe doesn't name any more. */
export function withoutUnwanted(lock: Lock, recipe: Recipe): Lock {
  const wanted = new Set([
    ...packagesOf(recipe),
    recipe.machine.kernel_package,
    lock.kernelPackage,
  ]);
  return { ...lock, packages: lock.packages.filter(({ name }) => wanted.has(name)) };
}

/** Why a lock is no answer to a recipe, or undefined when it is one. */
export function misfit(lock: Lock, recipe: Recipe): string | undefined {
  if (lock.arch !== recipe.arch) {
    return `it is for ${lock.arch}, not ${recipe.arch}`;
  }
  if (lock.suite !== recipe.suite) {
    return `it is for ${lock.suite}, not ${recipe.suite}`;
  }
  const missing = unlockedPackages(lock, [...packagesOf(recipe), recipe.machine.kernel_package]);
  if (missing.length > 0) {
    return `it lacks ${missing.join(", ")}`;
  }
  return undefined;
}

/**
 * Asks the archive for the recipe's packages, and writes the lock file.
 * @throws BuildError when the archive can't be asked, or lacks a package.
 */
export async function resolveAnew(recipe: Recipe, options: ResolveOptions): Promise<Lock> {
  const apt = await openArchive(recipe, options);
  const meta = recipe.machine.kernel_package;
  const kernel = (await dependenciesOf(apt, meta)).find((name) => name.startsWith("linux-image-"));
  if (!kernel) {
    throw new BuildError(
      `the archive's ${meta} depends on no kernel: expected a linux-image package`,
    );
  }
  const packages = await lookUpPackages(apt, [...packagesOf(recipe), meta, kernel]);
  return keepLock(recipe, kernel, packages, options);
}

/**
 * The packages that an extension has beside the image's: those of its lock when it has them all, else the archive's
 * newest. What the image has is the image's.
 * @throws BuildError when the lock would have to be renewed and must not be, or the archive lacks a package.
 */
export async function resolveBeside(
  names: readonly string[],
  image: Lock,
  options: ResolveOptions,
): Promise<Lock> {
  const wanted = unlockedPackages(image, names);
  const lock = options.update ? undefined : readLock(options.lockFile);
  const missing = lock === undefined ? wanted : unlockedPackages(lock, wanted);
  if (lock !== undefined && missing.length === 0) {
    return { ...lock, packages: lock.packages.filter(({ name }) => wanted.includes(name)) };
  }
  if (wanted.length === 0) {
    return { ...image, packages: [] };
  }
  if (options.locked) {
    throw new BuildError(
      `--locked: ${options.lockFile} lacks ${missing.join(", ")}: build once without --locked and keep the lock file`,
    );
  }
  const apt = await openArchive(image, options);
  const packages = await lookUpPackages(apt, wanted);
  return keepLock(image, image.kernelPackage, packages, options);
}

async function openArchive(
  { suite, arch }: Pick<Lock, "suite" | "arch">,
  options: ResolveOptions,
): Promise<PrivateApt> {
  const folder = join(options.cacheDir, "apt", `${suite}-${arch}`);
  const apt = await makePrivateApt(folder, suite, arch, await options.mirrors());
  options.progress.line(`fetching the package indexes of ${suite} (${arch})`);
  await updateIndexes(apt);
  return apt;
}

function keepLock(
  { suite, arch }: Pick<Lock, "suite" | "arch">,
  kernelPackage: string,
  packages: Lock["packages"],
  options: ResolveOptions,
): Lock {
  const old = readOldLock(options.lockFile);
  const isSame = old !== undefined && JSON.stringify(old.packages) === JSON.stringify(packages);
  const lock: Lock = {
    suite,
    arch,
    // The same packages keep their time, so that --update alone changes no byte of the image.
    resolvedAt: isSame ? old.resolvedAt : new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    kernelPackage,
    packages,
  };
  writeLock(options.lockFile, lock);
  options.progress.line(`locked ${packages.length} packages in ${options.lockFile}`);
  return lock;
}

function readOldLock(path: string): Lock | undefined {
  try {
    return readLock(path);
  } catch (error) {
    if (error instanceof BuildError) {
      return undefined;
    }
    throw error;
  }
}
