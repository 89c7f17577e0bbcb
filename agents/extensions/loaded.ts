import type { Kernel } from "../kernel/kernel.ts";
import { loadedPath, runFolder } from "./places.ts";

/** An extension that is in /usr. */
export interface Loaded {
  name: string;
  version: string;
  kind: "raw" | "tcz";
  /** The file that it was loaded from. */
  path: string;
  /** Where it is mounted. */
  root: string;
  hasModules: boolean;
  /** Extensions that it needs. */
  needs: string[];
  notes: string[];
}

/** What is in /usr now, in the order in which it was loaded. */
export function readLoaded(kernel: Kernel): Loaded[] {
  // Written by us alone, in a folder of root's.
  return JSON.parse(kernel.readTextIfPresent(loadedPath) ?? "[]") as Loaded[];
}

/** Tells the resident agent too. */
export function writeLoaded(kernel: Kernel, loaded: readonly Loaded[]): void {
  kernel.mkdir(loadedPath.slice(0, loadedPath.lastIndexOf("/")));
  kernel.writeAtomic(loadedPath, JSON.stringify(loaded));
}

/** A folder of ours that isn't used yet. */
export function freshFolder(kernel: Kernel, kind: string): string {
  for (let number = 0; ; number += 1) {
    const path = `${runFolder}/${kind}.${number}`;
    if (!kernel.exists(path)) {
      kernel.mkdir(path);
      return path;
    }
  }
}
