import { posix } from "node:path";
import { type ContentStore, contentPath } from "../files/content.ts";
import { comparePaths, type Entry, type FileEntry } from "../files/entry.ts";
import { type Arch, libraryTriplet } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import { type ElfFacts, readElf } from "./elf.ts";

const elfMachines: Record<Arch, number> = { amd64: 62, arm64: 183 };

/** What is known before the search for libraries: programs, and what packages have. */
export interface LibraryQuestion {
  arch: Arch;
  /** Every file of the image that may be a program. */
  entries: readonly Entry[];
  /** Libraries that programs open at run time, which no header names. */
  openedAtRunTime: readonly string[];
  /** All entries of all packages, by path: where libraries are looked for. */
  available: ReadonlyMap<string, Entry>;
  facts: (entry: FileEntry) => ElfFacts | undefined;
}

/** Reads ELF facts of stored files, each content once. */
export function elfFactsOf(store: ContentStore): (entry: FileEntry) => ElfFacts | undefined {
  const known = new Map<string, ElfFacts | undefined>();
  return ({ sha256 }) => {
    if (!known.has(sha256)) {
      known.set(sha256, readElf(contentPath(store, sha256)));
    }
    return known.get(sha256);
  };
}

/**
 * The libraries and loaders that the programs of the image need, and those that these need in turn.
 * @throws BuildError with the name of who wanted a library that no package has.
 */
export function findLibraries(question: LibraryQuestion): Entry[] {
  const found = new Map<string, Entry>();
  const present = new Map(question.entries.map((entry) => [entry.path, entry]));
  const queue = question.entries.filter((entry) => entry.type === "file");
  const missing: string[] = [];
  const add = (paths: readonly string[], what: string, wantedBy: string) => {
    const path = paths.find((one) => present.has(one) || question.available.has(one));
    if (path === undefined) {
      missing.push(`${what} is needed by ${wantedBy}`);
      return;
    }
    for (const entry of chainOf(path, question.available, present)) {
      if (present.has(entry.path)) {
        continue;
      }
      present.set(entry.path, entry);
      found.set(entry.path, entry);
      if (entry.type === "file") {
        queue.push(entry);
      }
    }
  };
  for (const name of question.openedAtRunTime) {
    add(libraryPaths(name, question.arch), name, "libraries.opened_at_run_time");
  }
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const facts = question.facts(file);
    if (!facts || file.path.endsWith(".ko")) {
      continue;
    }
    if (facts.machine !== elfMachines[question.arch]) {
      throw new BuildError(`${file.path} is a program for another processor than ${question.arch}`);
    }
    if (facts.interpreter !== undefined) {
      add([`usr${facts.interpreter}`], facts.interpreter, file.path);
    }
    for (const name of facts.needed) {
      add(libraryPaths(name, question.arch), name, file.path);
    }
  }
  if (missing.length > 0) {
    throw new BuildError(
      `${missing.join(", ")}: no package of the recipe has that; add the package that does to libraries.packages`,
    );
  }
  return [...found.values()].sort((a, b) => comparePaths(a.path, b.path));
}

function libraryPaths(name: string, arch: Arch): string[] {
  return [`usr/lib/${libraryTriplet(arch)}/${name}`, `usr/lib/${name}`, `usr/lib64/${name}`];
}

/** An entry and, while it is a link, what it leads to. */
function chainOf(
  path: string,
  available: ReadonlyMap<string, Entry>,
  present: ReadonlyMap<string, Entry>,
): Entry[] {
  const chain: Entry[] = [];
  let entry = present.get(path) ?? available.get(path);
  while (entry && chain.length < 8) {
    chain.push(entry);
    if (entry.type !== "link") {
      break;
    }
    const target = linkTarget(entry.path, entry.target);
    entry = present.get(target) ?? available.get(target);
  }
  return chain;
}

function linkTarget(path: string, target: string): string {
  const whole = target.startsWith("/") ? target.slice(1) : posix.join(posix.dirname(path), target);
  return /^(bin|sbin|lib|lib64)\//.test(whole) ? `usr/${whole}` : whole;
}
