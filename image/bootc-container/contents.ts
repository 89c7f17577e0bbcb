import { elfFactsOf, findLibraries } from "../compose/libraries.ts";
import { pickFiles } from "../compose/packages.ts";
import { readStaticTree } from "../compose/static-tree.ts";
import type { ExtractedPackage } from "../extract/extract.ts";
import type { ContentStore } from "../files/content.ts";
import { type Entry, rootFolder, rootLink, withParents } from "../files/entry.ts";
import type { ExtensionRecipe } from "../recipe/extension.ts";
import type { Arch } from "../recipe/recipe.ts";

/** Folders that are empty in the image. */
const empty = ["cache", "dev", "proc", "root", "run", "sys", "var"];

/**
 * Packages → the tree of a container image: the files that a recipe names, and the libraries that they need.
 * @throws BuildError for a file that is nowhere, and for a missing library.
 */
export function containerContents(
  packages: readonly ExtractedPackage[],
  recipe: ExtensionRecipe,
  where: string,
  arch: Arch,
  store: ContentStore,
): Entry[] {
  const chosen = [
    ...pickFiles(recipe.files, `${where}: files`, packages),
    ...(recipe.tree === undefined ? [] : readStaticTree(recipe.tree, store, [], {})),
    ...Object.entries(recipe.links).map(([path, target]) => rootLink(path, target)),
  ];
  const libraries = findLibraries({
    arch,
    entries: chosen,
    openedAtRunTime: recipe.opened_at_run_time,
    available: new Map(
      packages.flatMap(({ entries }) => entries.map((entry) => [entry.path, entry] as const)),
    ),
    facts: elfFactsOf(store),
  });
  // What a machine that keeps nothing writes goes to a file that QEMU makes in /var/tmp.
  const anybodys = ["tmp", "var/tmp"].map((path) => ({ ...rootFolder(path), mode: 0o1777 }));
  const folders = [...empty.map(rootFolder), ...anybodys];
  return withParents([...chosen, ...libraries, ...folders]);
}
