import type { Kernel } from "../kernel/kernel.ts";
import type { SystemPath } from "../kernel/system-path.ts";
import { matchModules } from "./match-modules.ts";

/** Loads modules for devices, remembering what it has tried. */
export interface ModuleLoader {
  /** Loads what serves these devices; gives the names that were new, in the order of loading. */
  loadFor(modaliases: readonly string[]): Promise<readonly string[]>;
  /** Gives the memory of the index back; the next search reads it again. */
  forgetIndex(): void;
}

/**
 * Finds modules with the index of the image, so that one modprobe is enough for all of them: each start of a
 * program costs more than the search.
 */
export function openModuleLoader(kernel: Kernel, blacklist: readonly string[]): ModuleLoader {
  const tried = new Set(blacklist.map(moduleName));
  let index: string | undefined;
  return {
    async loadFor(modaliases) {
      if (modaliases.length === 0) {
        return [];
      }
      index ??= readIndex(kernel);
      const names = matchModules(modaliases, index)
        .filter((name) => !tried.has(moduleName(name)))
        .filter((name) => !isLoaded(kernel, name));
      await loadModules(kernel, names);
      for (const name of names) {
        tried.add(moduleName(name));
      }
      return names;
    },
    forgetIndex() {
      index = undefined;
    },
  };
}

/**
 * Loads modules and what they depend on. A module without use on this machine refuses to load, which is no
 * error: what matters is what is there afterwards.
 */
export async function loadModules(kernel: Kernel, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    return;
  }
  await kernel.run(["modprobe", "-a", "-b", "-q", ...names]);
}

/** Loaded to the end: one that is still looking for its devices is waited for by loading it again. */
function isLoaded(kernel: Kernel, name: string): boolean {
  return kernel.readTextIfPresent(`/sys/module/${moduleName(name)}/initstate`)?.trim() === "live";
}

/** A module's name as the kernel writes it; files and people also use dashes. */
function moduleName(name: string): string {
  return name.replaceAll("-", "_");
}

function readIndex(kernel: Kernel): string {
  const folder = modulesFolder(kernel);
  if (folder === undefined) {
    return "";
  }
  return kernel.readTextIfPresent(`${folder}/modules.alias`) ?? "";
}

/** Folder of the running kernel's modules; undefined when the image has none for it. */
export function modulesFolder(kernel: Kernel): SystemPath | undefined {
  const release = kernel.readText("/proc/sys/kernel/osrelease").trim();
  const folder: SystemPath = `/lib/modules/${release}`;
  return kernel.exists(folder) ? folder : undefined;
}
