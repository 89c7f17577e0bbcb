import { UsageError } from "../command/command.ts";

/** A file that may be an extension, by its name. */
export interface ExtensionFile {
  name: string;
  /** Empty where the name has none. */
  version: string;
  /** In the words of extension-release; empty where the name has none. */
  arch: string;
  /** Ours and systemd's, or Tiny Core's. */
  kind: "raw" | "tcz";
  file: string;
}

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/;
const archs = /^(x86-64|arm64|amd64|aarch64|x86_64)$/;

/** NAME.raw, NAME-VERSION-ARCH.raw or NAME.tcz; undefined for any other name. */
export function parseFileName(file: string): ExtensionFile | undefined {
  const [, whole = "", kind] = /^([^/]+)\.(raw|tcz)$/.exec(file) ?? [];
  if (!nameForm.test(whole)) {
    return undefined;
  }
  const parts = whole.split("-");
  // x86-64 has a dash itself.
  const arch = [parts.slice(-2).join("-"), parts.at(-1) ?? ""].find((part) => archs.test(part));
  if (kind === "tcz" || arch === undefined) {
    return { name: whole, version: "", arch: "", kind: kind === "tcz" ? "tcz" : "raw", file };
  }
  const rest = whole.slice(0, -arch.length - 1);
  const [, name = rest, version = ""] = /^(.+?)-(v?\d.*)$/.exec(rest) ?? [];
  return nameForm.test(name)
    ? { name, version, arch: plainArch(arch), kind: "raw", file }
    : undefined;
}

/** An architecture in the words of extension-release. */
export function plainArch(arch: string): string {
  return { amd64: "x86-64", x86_64: "x86-64", aarch64: "arm64" }[arch] ?? arch;
}

/** What people write for an extension: NAME, NAME.raw, NAME.tcz; undefined for what is no name. */
export function parseName(word: string): string | undefined {
  const name = word.trim().replace(/\.(raw|tcz)$/, "");
  return nameForm.test(name) ? name : undefined;
}

/** Names in a list of ours or Tiny Core's (onboot.lst, .dep), one a line, and the lines that are none. */
export function parseNames(text: string): { names: string[]; wrong: string[] } {
  const names = new Set<string>();
  const wrong: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) {
      continue;
    }
    const name = parseName(word);
    if (name === undefined) {
      wrong.push(word.slice(0, 100));
    } else {
      names.add(name);
    }
  }
  return { names: [...names], wrong };
}

/** Order of versions: numbers by their value, all else by letters. */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string) => text.match(/\d+|[^\d.+~-]+/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [x = "", y = ""] = [left[index], right[index]];
    const difference = Number(x) - Number(y);
    if (x !== y) {
      return Number.isNaN(difference)
        ? x < y
          ? -1
          : 1
        : Math.sign(difference) || (x < y ? -1 : 1);
    }
  }
  return 0;
}

/** NAME=VALUE of os-release(5) and extension-release; a value may be quoted. */
export function parseRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key = "", value = ""] = /^\s*([A-Z0-9_]+)=(.*?)\s*$/.exec(line) ?? [];
    if (key !== "") {
      values.set(key, value.replace(/^(["'])(.*)\1$/, "$2"));
    }
  }
  return values;
}

/** Why an extension isn't for this system (systemd-sysext(8)); undefined when it is. */
export function releaseMisfit(
  extension: ReadonlyMap<string, string>,
  system: ReadonlyMap<string, string>,
  arch: string,
  isAnyAccepted: boolean,
): string | undefined {
  const theirArch = plainArch(extension.get("ARCHITECTURE") ?? "_any");
  if (theirArch !== "_any" && theirArch !== arch) {
    return `it is for ${theirArch}, this machine is ${arch}`;
  }
  const id = extension.get("ID") ?? "";
  if (id === "_any" || isAnyAccepted) {
    return undefined;
  }
  const own = system.get("ID") ?? "";
  if (id !== own) {
    return `it is for ${id === "" ? "no system that it names" : id}, this is ${own} (--any-system adds it all the same)`;
  }
  for (const key of ["SYSEXT_LEVEL", "VERSION_ID"]) {
    const level = extension.get(key);
    if (level !== undefined) {
      const ours = system.get(key);
      return level === ours ? undefined : `it is for ${key} ${level}, this is ${ours ?? "without"}`;
    }
  }
  return undefined;
}

/** Extensions in the order in which they are loaded, and one line for each that can't be. */
export interface Order {
  order: string[];
  problems: string[];
}

/** Those named and what they need, needed ones first. `needsOf` gives undefined for one that isn't there. */
export function orderOf(
  names: readonly string[],
  needsOf: (name: string) => readonly string[] | undefined,
): Order {
  const done = new Map<string, boolean>();
  const order: string[] = [];
  const problems: string[] = [];
  const visit = (name: string, path: readonly string[]): boolean => {
    const known = done.get(name);
    if (known !== undefined) {
      return known;
    }
    const start = path.indexOf(name);
    if (start >= 0) {
      problems.push(`${[...path.slice(start), name].join(" needs ")}: a loop, none is loaded`);
      return false;
    }
    const needs = needsOf(name);
    let isGood = needs !== undefined;
    if (!isGood) {
      const by = path.length === 0 ? "" : `, which ${path.join(", for ")} needs`;
      problems.push(`${name} not found${by}`);
    }
    for (const needed of needs ?? []) {
      isGood = visit(needed, [...path, name]) && isGood;
    }
    done.set(name, isGood);
    if (isGood) {
      order.push(name);
    }
    return isGood;
  };
  for (const name of names) {
    visit(name, []);
  }
  return { order, problems };
}

/** Names that a person wrote; throws a UsageError for a word that is none. */
export function namesOf(words: readonly string[]): string[] {
  return words.map((word) => {
    const name = parseName(word);
    if (name === undefined) {
      throw new UsageError(`"${word}" is no name of an extension`);
    }
    return name;
  });
}
