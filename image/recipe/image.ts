import { type ExtensionRecipe, readExtension } from "./extension.ts";
import { type Arch, type Recipe, readRecipe } from "./recipe.ts";

/**
 * Reads an image's recipe with the extensions that are part of the image. `arch` overrides the recipe's own.
 * @throws BuildError in one line with the file, the key, and what was expected.
 */
export function readImage(path: string, arch?: Arch): Recipe {
  const recipe = readRecipe(path, arch);
  return recipe.built_in
    .map((file) => readExtension(file, recipe.arch))
    .reduce(withBuiltIn, recipe);
}

/** A recipe with what an extension holds; its files and modules are groups of the extension's name. */
export function withBuiltIn(recipe: Recipe, extension: ExtensionRecipe): Recipe {
  const { name, tree, libraries } = extension;
  return {
    ...recipe,
    files: { ...recipe.files, [name]: { ...recipe.files[name], ...extension.files } },
    modules:
      extension.modules.length === 0
        ? recipe.modules
        : { ...recipe.modules, [name]: [...(recipe.modules[name] ?? []), ...extension.modules] },
    libraries: {
      packages: [...recipe.libraries.packages, ...libraries],
      opened_at_run_time: [...recipe.libraries.opened_at_run_time, ...extension.opened_at_run_time],
    },
    links: { ...recipe.links, ...extension.links },
    moved: { ...recipe.moved, ...extension.moved },
    deltas: { ...recipe.deltas, ...extension.deltas },
    // Those of the recipe may take the place of some.
    trees: [...(tree === undefined ? [] : [tree]), ...recipe.trees],
  };
}
