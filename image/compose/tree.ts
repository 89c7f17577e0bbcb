import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, storeContent } from "../files/content.ts";
import { type Entry, type FileEntry, rootLink, withParents } from "../files/entry.ts";
import { hasFilesOf, type Recipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import { composeAccounts } from "./accounts.ts";
import { composeProfiles } from "./apparmor/profiles.ts";
import { busyboxLinks } from "./busybox.ts";
import { composeCertificates } from "./certificates.ts";
import { composeDeltas } from "./deltas.ts";
import { elfFactsOf, findLibraries } from "./libraries.ts";
import { composeModules, type KernelModules } from "./modules.ts";
import { type GroupedEntries, packageFile, packageNamed, pickPackageFiles } from "./packages.ts";
import { readStaticTree } from "./static-tree.ts";

/** Where the first content of the guest's writable root lies in the image. */
export const rootSkeleton = "usr/share/boot2podman/root";

/** What the tree is composed of besides packages and the agents. */
export interface ComposeOptions {
  recipe: Recipe;
  recipePath: string;
  /** The folder of files laid out as in the guest. */
  staticTree: string;
  version: string;
  cacheDir: string;
  /** Compress less, for development. */
  isFast: boolean;
  progress: Progress;
}

/** The image before it is packed. */
export interface Composition {
  /** Entries by group; every path of the guest belongs to one. */
  groups: GroupedEntries;
  /** All entries below usr, with their folders, sorted. */
  usr: Entry[];
  modules: KernelModules;
  kernel: FileEntry;
  /** The program itself, whose path in the guest is an empty file in /usr. */
  busybox: FileEntry;
}

/** Packages, static files and the agents → one tree. */
export async function composeTree(
  packages: readonly ExtractedPackage[],
  agents: readonly FileEntry[],
  kernelPackage: string,
  store: ContentStore,
  options: ComposeOptions,
): Promise<Composition> {
  const { recipe } = options;
  const kernel = packageNamed(packages, kernelPackage);
  const modules = await composeModules(
    kernel,
    recipe.modules,
    options.cacheDir,
    store,
    options.progress,
  );
  const busybox = {
    ...packageFile(packages, recipe.busybox.package, "usr/bin/busybox"),
    path: "usr/bin/busybox",
  };
  const groups = pickPackageFiles(recipe, options.recipePath, packages);
  const values = { VERSION: options.version, CONSOLE: recipe.machine.console };
  const ours = readStaticTree(options.staticTree, store, recipe.templates, values);
  const added = addedFiles(recipe, store, values);
  const present = new Set(
    [...[...groups.values()].flat(), ...ours, ...added].map(({ path }) => path),
  );
  // The base initrd has it, and binds it over this empty file: once in the download, once in memory.
  const place: FileEntry = {
    ...busybox,
    sizeBytes: 0,
    sha256: storeContent(store, Buffer.alloc(0)),
  };
  groups.set("busybox", [place, ...busyboxLinks(recipe.busybox, present)]);
  groups.set("certificates", [composeCertificates(recipe, packages, store)]);
  groups.set("accounts", composeAccounts(recipe, store));
  if (hasFilesOf(recipe, "podman")) {
    const podman = packageFile(packages, "podman", "usr/bin/podman");
    const { profiles } = recipe.apparmor;
    groups.set("apparmor", await composeProfiles(podman, profiles, options.cacheDir, store));
  }
  groups.set(
    "deltas",
    await composeDeltas(recipe, packages, options.cacheDir, store, options.isFast),
  );
  // The base initrd has them, and loads them on every boot: modprobe finds them loaded, and needs no file.
  const carried = new Set(recipe.initrd.modules.map((name) => modules.byName.get(name)?.path));
  groups.set(
    "modules",
    modules.entries.filter(({ path }) => !carried.has(path)),
  );
  groups.set("agents", [...agents]);
  groups.set("ours", [...ours, ...linksAndFolders(recipe)]);
  if (added.length > 0) {
    groups.set("added", added);
  }
  groups.set("libraries", libraries(recipe, groups, packages, store));
  // The folder usr itself is a mountpoint that the boot makes.
  const all = uniqueEntries(groups).filter(({ path }) => path !== "usr");
  const entries = applyPermissions(recipe, all);
  return {
    groups,
    usr: withParents(entries.map(placeInUsr)),
    modules,
    kernel: packageFile(packages, kernelPackage, `boot/vmlinuz-${modules.release}`),
    busybox,
  };
}

/** Files of the recipe's own trees; a later tree's take the place of an earlier one's. */
function addedFiles(
  recipe: Recipe,
  store: ContentStore,
  values: Readonly<Record<string, string>>,
): Entry[] {
  const entries = recipe.trees.flatMap((folder) => {
    const templates = recipe.templates.filter((path) => existsSync(join(folder, path)));
    return readStaticTree(folder, store, templates, values);
  });
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

function linksAndFolders(recipe: Recipe): Entry[] {
  const links = Object.entries(recipe.links).map(([path, target]) => rootLink(path, target));
  const folders = recipe.folders.map((one): Entry => ({ ...one, type: "folder" }));
  return [...links, ...folders];
}

function libraries(
  recipe: Recipe,
  groups: GroupedEntries,
  packages: readonly ExtractedPackage[],
  store: ContentStore,
): Entry[] {
  const available = new Map(
    packages.flatMap(({ entries }) => entries.map((entry) => [entry.path, entry] as const)),
  );
  return findLibraries({
    arch: recipe.arch,
    entries: [...groups.values()].flat(),
    openedAtRunTime: recipe.libraries.opened_at_run_time,
    available,
    facts: elfFactsOf(store),
  });
}

/** All groups' entries; a path that two groups give differently is an error. */
function uniqueEntries(groups: GroupedEntries): Entry[] {
  const byPath = new Map<string, { entry: Entry; group: string }>();
  for (const [group, entries] of groups) {
    for (const entry of entries) {
      const other = byPath.get(entry.path);
      if (
        other &&
        other.group !== "ours" &&
        JSON.stringify(other.entry) !== JSON.stringify(entry)
      ) {
        throw new BuildError(
          `${entry.path} comes from "${other.group}" and from "${group}": take it out of one`,
        );
      }
      byPath.set(entry.path, { entry, group });
    }
  }
  return [...byPath.values()].map(({ entry }) => entry);
}

/**
 * Sets the modes and owners that the recipe asks for.
 * @throws BuildError that names a path which isn't in the image.
 */
export function applyPermissions(recipe: Recipe, entries: readonly Entry[]): Entry[] {
  const changes = new Map(recipe.permissions.map((one) => [one.path, one]));
  const changed = entries.map((entry): Entry => {
    const change = changes.get(entry.path);
    if (!change) {
      return entry;
    }
    changes.delete(entry.path);
    return {
      ...entry,
      mode: change.mode ?? entry.mode,
      uid: change.uid ?? entry.uid,
      gid: change.gid ?? entry.gid,
    };
  });
  const [left] = changes.keys();
  if (left !== undefined) {
    throw new BuildError(`permissions: "${left}" is not in the image`);
  }
  return changed;
}

/** What doesn't lie below usr becomes part of the root's skeleton. */
export function placeInUsr(entry: Entry): Entry {
  if (entry.path.startsWith("usr/")) {
    return entry;
  }
  return { ...entry, path: join(rootSkeleton, entry.path) };
}
