import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, storeContent } from "../files/content.ts";
import { type Entry, type FileEntry, rootLink, withParents } from "../files/entry.ts";
import { type ExtensionRecipe, sysextArch } from "../recipe/extension.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import { composeProfiles } from "./apparmor/profiles.ts";
import { composeDeltas } from "./deltas.ts";
import { elfFactsOf, findLibraries } from "./libraries.ts";
import { composeModules } from "./modules.ts";
import { packageFile, packageNamed, pickFiles } from "./packages.ts";
import { readStaticTree } from "./static-tree.ts";
import { type Composition, placeInUsr, rootSkeleton } from "./tree.ts";

/** Where an extension carries files for /etc, which are laid there where there are none (systemd's factory folder). */
const factory = "usr/share/factory";

/** What an extension is composed of besides packages. */
export interface ComposeExtensionOptions {
  recipe: Recipe;
  extension: ExtensionRecipe;
  recipePath: string;
  cacheDir: string;
  /** Whether to compress little. */
  isFast: boolean;
  progress: Progress;
}

/** An extension before it is packed. */
export interface ComposedExtension {
  version: string;
  /** All entries, with their folders, sorted; all lie below usr. */
  entries: Entry[];
  /** The kernel that its modules are for. */
  kernelRelease: string | undefined;
  /** Whether the image has all of it. */
  isEmpty: boolean;
  /** The packages that something comes from. */
  packages: ExtractedPackage[];
}

/**
 * Packages → the tree of an extension, without what the image has identically.
 * @throws BuildError for a file that is nowhere, a missing library, a program for another processor.
 */
export async function composeExtension(
  image: Composition,
  packages: readonly ExtractedPackage[],
  kernelPackage: string,
  resolvedAt: string,
  store: ContentStore,
  { recipe, extension, recipePath, cacheDir, isFast, progress }: ComposeExtensionOptions,
): Promise<ComposedExtension> {
  const picked = pickFiles(extension.files, `${recipePath}: files`, packages).map((entry) => ({
    ...entry,
    path: extension.moved[entry.path] ?? entry.path,
  }));
  const own = extension.tree === undefined ? [] : readStaticTree(extension.tree, store, [], {});
  const links = Object.entries(extension.links).map(([path, target]) => rootLink(path, target));
  const modules = await modulesOf(image, packages, kernelPackage, store, {
    recipe,
    extension,
    cacheDir,
    progress,
  });
  const profiles =
    extension.profiles.length === 0
      ? []
      : await composeProfiles(
          packageFile(packages, "podman", "usr/bin/podman"),
          extension.profiles,
          cacheDir,
          store,
        );
  const deltas = await composeDeltas(extension, packages, cacheDir, store, isFast);
  const files = own.filter(({ type }) => type !== "folder");
  const chosen = [...picked, ...files, ...links, ...profiles, ...deltas];
  const available = new Map(
    packages.flatMap(({ entries }) => entries.map((entry) => [entry.path, entry] as const)),
  );
  const libraries = findLibraries({
    arch: recipe.arch,
    // What the image has is found there.
    entries: [...image.usr, ...chosen],
    openedAtRunTime: extension.opened_at_run_time,
    available,
    facts: elfFactsOf(store),
  });
  const present = new Map(image.usr.map((entry) => [entry.path, entry]));
  const version = versionOf(extension, packages, modules.release, resolvedAt);
  const all = [...chosen, ...libraries, ...modules.entries]
    .map(placeInUsr)
    .filter((entry) => !isSame(present.get(entry.path), entry))
    .map(placeInExtension);
  const release = releaseFile(extension, version, recipe, store);
  return {
    version,
    entries: withParents(unique([...all, release])),
    kernelRelease: modules.release,
    isEmpty: all.length === 0,
    packages: packages.filter(({ entries }) => {
      const theirs = new Set(entries.map(({ path }) => path));
      return all.some(({ path }) => theirs.has(path) || theirs.has(`${path}.xz`));
    }),
  };
}

async function modulesOf(
  image: Composition,
  packages: readonly ExtractedPackage[],
  kernelPackage: string,
  store: ContentStore,
  options: Pick<ComposeExtensionOptions, "recipe" | "extension" | "cacheDir" | "progress">,
): Promise<{ release: string | undefined; entries: Entry[] }> {
  if (options.extension.modules.length === 0) {
    return { release: undefined, entries: [] };
  }
  const kernel = packageNamed(packages, kernelPackage);
  const groups = { ...options.recipe.modules, extension: options.extension.modules };
  const { cacheDir, progress } = options;
  const all = await composeModules(kernel, groups, cacheDir, store, progress);
  // The base initrd has some of the image's, which its /usr lacks.
  const theirs = new Set(image.modules.entries.map(({ path }) => path));
  const isMore = ({ path }: Entry) => path.endsWith(".ko") && !theirs.has(path);
  if (!all.entries.some(isMore)) {
    return { release: undefined, entries: [] };
  }
  const entries = all.entries.filter((entry) => !entry.path.endsWith(".ko") || isMore(entry));
  return { release: all.release, entries };
}

/** Of the package that the recipe names, as its authors count; else of the kernel, or the day of the packages. */
function versionOf(
  { version_of: name }: ExtensionRecipe,
  packages: readonly ExtractedPackage[],
  kernelRelease: string | undefined,
  resolvedAt: string,
): string {
  const whole =
    name === undefined
      ? (kernelRelease ?? resolvedAt.slice(0, 10).replaceAll("-", ""))
      : packageNamed(packages, name).locked.version;
  const [, version = whole] = /^(?:\d+:)?(\d[0-9.]*)/.exec(whole) ?? [];
  return version.replace(/\.$/, "");
}

function releaseFile(
  { name }: ExtensionRecipe,
  version: string,
  { arch, suite }: Recipe,
  store: ContentStore,
): FileEntry {
  const text = [
    "ID=_any",
    `ARCHITECTURE=${sysextArch(arch)}`,
    `EXTENSION_VERSION=${version}`,
    `BOOT2PODMAN_SUITE=${suite}`,
    "",
  ].join("\n");
  const bytes = Buffer.from(text);
  return {
    path: `usr/lib/extension-release.d/extension-release.${name}`,
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: bytes.length,
    sha256: storeContent(store, bytes),
  };
}

/** A guest takes no extension with a setuid program: mount.nfs and mount.cifs are root's to call. */
function placeInExtension(entry: Entry): Entry {
  const skeleton = `${rootSkeleton}/`;
  const path = entry.path.startsWith(skeleton)
    ? `${factory}/${entry.path.slice(skeleton.length)}`
    : entry.path;
  return { ...entry, path, mode: entry.type === "link" ? entry.mode : entry.mode & 0o1777 };
}

function isSame(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(entry: Entry): [string, unknown][] {
  return Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1));
}

function unique(entries: readonly Entry[]): Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    const other = byPath.get(entry.path);
    if (other !== undefined && !isSame(other, entry)) {
      throw new BuildError(`${entry.path} comes from two packages: take it out of one`);
    }
    if (entry.type === "device") {
      throw new BuildError(`${entry.path} is a device: no extension has such`);
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()];
}
