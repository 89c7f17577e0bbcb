import { BuildError } from "../report/build-error.ts";

/** path of a module → paths of what must be loaded before it, the deepest last (depmod's order). */
export type ModuleDependencies = ReadonlyMap<string, readonly string[]>;

/** Reads modules.dep. */
export function parseModulesDep(text: string): ModuleDependencies {
  const dependencies = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [path, rest] = line.split(":");
    if (path && rest !== undefined) {
      dependencies.set(path, rest.split(" ").filter(Boolean));
    }
  }
  return dependencies;
}

/** "kernel/fs/nls/nls-base.ko.xz" → "nls_base": how the kernel names a module. */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/\.ko(\.[a-z]+)?$/, "").replaceAll("-", "_");
}

/**
 * The paths of the wanted modules and of all that they depend on, each before what needs it.
 * A module that is built into this kernel needs nothing.
 * @throws BuildError that names the group and the module that this kernel doesn't have.
 */
export function planModules(
  groups: Record<string, readonly string[]>,
  dependencies: ModuleDependencies,
  builtIn: ReadonlySet<string>,
): string[] {
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const planned = new Set<string>();
  for (const [group, names] of Object.entries(groups)) {
    for (const name of names) {
      const path = byName.get(name);
      if (path !== undefined) {
        for (const before of [...(dependencies.get(path) ?? [])].reverse()) {
          planned.add(before);
        }
        planned.add(path);
      } else if (!builtIn.has(name)) {
        throw new BuildError(
          `modules.${group}: this kernel has no module ${name}: correct or remove the name`,
        );
      }
    }
  }
  return [...planned];
}
