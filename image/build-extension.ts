import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  archiveOptions,
  type BuildOptions,
  imageVersion,
  lockAndFetch,
  repositoryFolder,
  sourceTime,
} from "./build-image.ts";
import { composeExtension } from "./compose/extension.ts";
import { composeTree } from "./compose/tree.ts";
import { extractPackages } from "./extract/extract.ts";
import { fetchPackages } from "./fetch/fetch.ts";
import { writeExtension } from "./publish/extension.ts";
import { packagesOfExtension, readExtension } from "./recipe/extension.ts";
import { readImage } from "./recipe/image.ts";
import { BuildError } from "./report/build-error.ts";
import { megabytes } from "./report/progress.ts";
import { extensionLock, lockPath } from "./resolve/lock.ts";
import { resolveBeside } from "./resolve/resolve.ts";
import { requireTools } from "./tool/required-tools.ts";
import { makeSquashfs } from "./usr/usr-image.ts";

const recipes = join(repositoryFolder, "image", "extensions");

/** The names of all extensions of the repository. */
export function extensionNames(): string[] {
  return readdirSync(recipes)
    .filter((name) => name.endsWith(".toml"))
    .map((name) => name.slice(0, -".toml".length))
    .sort();
}

/**
 * Builds extensions for the image of `options.recipePath`, each from image/extensions/NAME.toml or the path of
 * another recipe, and gives the paths of the images.
 * @throws BuildError in one line; what was built before stays.
 */
export async function buildExtensions(
  names: readonly string[],
  options: BuildOptions,
): Promise<string[]> {
  const { progress } = options;
  const recipePath = options.recipePath ?? join(repositoryFolder, "image", "recipe.toml");
  const cacheDir = options.cacheDir ?? join(repositoryFolder, ".cache");
  const outDir = options.outDir ?? join(repositoryFolder, "dist-extensions");
  const recipe = readImage(recipePath, options.arch);
  const paths = names.map((name) =>
    name.endsWith(".toml") ? name : join(recipes, `${name}.toml`),
  );
  const extensions = paths.map((path) => ({ path, extension: readExtension(path, recipe.arch) }));
  requireTools();
  // The image's own lock is never renewed here: an extension follows the image.
  const imageLock = lockPath(recipePath, recipe.arch);
  const lock = await lockAndFetch(recipe, {
    ...archiveOptions(options, imageLock, cacheDir),
    update: false,
  });
  const store = { folder: join(cacheDir, "content"), elsewhere: new Map<string, string>() };
  const imagePackages = await extractPackages(lock, cacheDir, store, progress);
  const image = await composeTree(imagePackages, [], lock.kernelPackage, store, {
    recipe,
    recipePath,
    staticTree: join(repositoryFolder, "image", "tree"),
    version: imageVersion(),
    cacheDir,
    isFast: options.fast === true,
    progress,
  });
  const built: string[] = [];
  for (const { path, extension } of extensions) {
    if (!extension.archs.includes(recipe.arch)) {
      if (names.length === 1) {
        throw new BuildError(`${extension.name} is not for ${recipe.arch} (${path}: archs)`);
      }
      continue;
    }
    const archive = archiveOptions(options, extensionLock(path, recipePath, recipe.arch), cacheDir);
    const beside = await resolveBeside(packagesOfExtension(extension), lock, archive);
    await fetchPackages(beside, archive);
    const more = await extractPackages(beside, cacheDir, store, progress);
    const composed = await composeExtension(
      image,
      [...imagePackages, ...more],
      lock.kernelPackage,
      beside.resolvedAt,
      store,
      { recipe, extension, recipePath: path, cacheDir, isFast: options.fast === true, progress },
    );
    if (composed.isEmpty) {
      if (names.length === 1) {
        throw new BuildError(
          `${extension.name}: ${recipePath} has all of it: nothing is left for an extension`,
        );
      }
      progress.line(`${extension.name}: the image has all of it`);
      continue;
    }
    const timeSeconds = sourceTime(beside.resolvedAt);
    const squashfs = await makeSquashfs(`extension/${extension.name}`, composed.entries, store, {
      cacheDir,
      level: options.fast === true ? 1 : recipe.compression.level,
      blockBytes: extensionBlockBytes,
      timeSeconds,
      progress,
    });
    const { suite, arch } = recipe;
    const written = await writeExtension({
      extension,
      composed,
      image: squashfs,
      arch,
      suite,
      timeSeconds,
      outDir,
    });
    progress.line(`${written.path}: ${megabytes(written.sizeBytes)}`);
    built.push(written.path);
  }
  return built;
}

/** Smaller than the image's: an extension is read from a disk, where a page costs its whole block. */
const extensionBlockBytes = 256 * 1024;
