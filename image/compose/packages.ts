import type { ExtractedPackage } from "../extract/extract.ts";
import { comparePaths, type Entry } from "../files/entry.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";

/** Entries of the image with the file group that each belongs to. */
export type GroupedEntries = Map<string, Entry[]>;

/**
 * Picks the files that the recipe names out of the packages.
 * @throws BuildError that names the pattern which fits no file of its package.
 */
export function pickPackageFiles(
  recipe: Recipe,
  recipePath: string,
  packages: readonly ExtractedPackage[],
): GroupedEntries {
  const groups: GroupedEntries = new Map();
  for (const [group, wanted] of Object.entries(recipe.files)) {
    const picked = pickFiles(wanted, `${recipePath}: files.${group}`, packages);
    groups.set(
      group,
      picked.map((entry) => ({ ...entry, path: recipe.moved[entry.path] ?? entry.path })),
    );
  }
  return groups;
}

/**
 * Picks files by package and patterns; `where` is for messages.
 * @throws BuildError that names the pattern which fits no file of its package.
 */
export function pickFiles(
  wanted: Readonly<Record<string, readonly string[]>>,
  where: string,
  packages: readonly ExtractedPackage[],
): Entry[] {
  const picked = Object.entries(wanted).flatMap(([name, patterns]) => {
    const found = packageNamed(packages, name);
    return patterns.flatMap((pattern) => {
      const matches = found.entries.filter(
        (entry) => entry.type !== "folder" && matchesPattern(entry.path, pattern),
      );
      if (matches.length > 0) {
        return matches;
      }
      throw new BuildError(
        `${where}.${name}: "${pattern}" is not in ${name} ${found.locked.version}: expected the path of one of its files`,
      );
    });
  });
  return picked.sort((a, b) => comparePaths(a.path, b.path));
}

/**
 * The package of that name.
 * @throws BuildError when the lock has none.
 */
export function packageNamed(
  packages: readonly ExtractedPackage[],
  name: string,
): ExtractedPackage {
  const found = packages.find(({ locked }) => locked.name === name);
  if (!found) {
    throw new BuildError(`the lock has no package ${name}: renew it with --update`);
  }
  return found;
}

/**
 * One file of a package by its exact path.
 * @throws BuildError when the package has no such file.
 */
export function packageFile(
  packages: readonly ExtractedPackage[],
  name: string,
  path: string,
): Extract<Entry, { type: "file" }> {
  const found = packageNamed(packages, name);
  const entry = found.entries.find((one) => one.path === path);
  if (entry?.type === "file") {
    return entry;
  }
  throw new BuildError(
    `${name} ${found.locked.version} has no file ${path}: correct the path in the recipe`,
  );
}

/** Whether a path fits a pattern, in which * stands for any characters but a slash, and ** for any. */
export function matchesPattern(path: string, pattern: string): boolean {
  const parts = pattern
    .split("**")
    .map((some) => some.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${parts.map((some) => some.join("[^/]*")).join(".*")}$`).test(path);
}
