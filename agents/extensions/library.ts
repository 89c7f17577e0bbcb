import type { Kernel } from "../kernel/kernel.ts";
import { compareVersions, type ExtensionFile, parseFileName, parseNames } from "./names.ts";
import {
  longestTextBytes,
  onbootPath,
  optionalFolder,
  optionalFolders,
  tceFolder,
} from "./places.ts";

/** An extension that is on a disk or a medium of this machine. */
export interface Kept extends ExtensionFile {
  folder: string;
  /** folder/file */
  path: string;
  sizeBytes: number;
  /** Extensions that it needs. */
  needs: string[];
}

/** All extensions here by name; of several with one name the data disk's newest. */
export function listKept(
  kernel: Kernel,
  folders: readonly string[] = optionalFolders,
): Map<string, Kept> {
  const kept = new Map<string, Kept>();
  for (const folder of folders) {
    const ofFolder = new Map<string, Kept>();
    for (const file of kernel.listNoFollow(folder)) {
      const parsed = parseFileName(file);
      const path = `${folder}/${file}`;
      const found = parsed === undefined ? undefined : kernel.lstat(path);
      if (parsed === undefined || found?.kind !== "file") {
        continue;
      }
      const other = ofFolder.get(parsed.name);
      if (other !== undefined && isBefore(parsed, other)) {
        continue;
      }
      const needs = parseNames(textOf(kernel, `${path}.dep`) ?? "").names;
      ofFolder.set(parsed.name, { ...parsed, folder, path, sizeBytes: found.sizeBytes, needs });
    }
    for (const [name, one] of ofFolder) {
      if (!kept.has(name)) {
        kept.set(name, one);
      }
    }
  }
  return kept;
}

function isBefore(a: ExtensionFile, b: ExtensionFile): boolean {
  return a.kind === b.kind ? compareVersions(a.version, b.version) < 0 : a.kind === "tcz";
}

/** A short text of a disk; undefined when there is none, or it is no text file of that length. */
export function textOf(kernel: Kernel, path: string): string | undefined {
  if (kernel.lstat(path)?.kind !== "file") {
    return undefined;
  }
  const bytes = kernel.readNoFollow(path, longestTextBytes);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** Names to load at boot, and lines that are none. */
export function readOnboot(
  kernel: Kernel,
  path = onbootPath,
): { names: string[]; wrong: string[] } {
  return parseNames(textOf(kernel, path) ?? "");
}

/** Puts names on the list of those loaded at boot, or takes them off; other lines stay. */
export function changeOnboot(kernel: Kernel, names: readonly string[], isWanted: boolean): void {
  const text = textOf(kernel, onbootPath) ?? "";
  const listed = parseNames(text).names;
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const changed = isWanted
    ? [...lines, ...names.filter((name) => !listed.includes(name))]
    : lines.filter((line) => !parseNames(line).names.some((name) => names.includes(name)));
  if (changed.length !== lines.length) {
    makeFolders(kernel);
    kernel.writeAtomic(onbootPath, changed.map((line) => `${line}\n`).join(""));
  }
}

/** Tiny Core's folders on the data disk, without following a link there. */
export function makeFolders(kernel: Kernel): void {
  for (const path of [tceFolder, optionalFolder]) {
    const found = kernel.lstat(path);
    if (found !== undefined && found.kind !== "folder") {
      throw new Error(`${path} is no folder: remove it`);
    }
    if (found === undefined) {
      kernel.mkdir(path);
    }
  }
}

/** Files that may lie beside an image, and whose removal comes after the image's. */
export const sidecars = ["sha256", "dep", "info", "md5.txt", "any"] as const;

/** Takes an extension off the data disk: the image first, so that one that is there is whole. */
export function removeKept(kernel: Kernel, { path }: Pick<Kept, "path">): void {
  for (const one of [path, ...sidecars.map((ending) => `${path}.${ending}`)]) {
    if (kernel.lstat(one) !== undefined) {
      kernel.unlink(one);
    }
  }
  kernel.fsync(optionalFolder);
}

/** Removes what unfinished work left: sidecars without their image, older versions beside a newer one. */
export function tidy(kernel: Kernel): void {
  const kept = listKept(kernel);
  const names = kernel.listNoFollow(optionalFolder);
  for (const file of names) {
    const image = sidecars.map((ending) => `.${ending}`).find((ending) => file.endsWith(ending));
    const isLeft =
      image === undefined
        ? isOlder(file, kept)
        : parseFileName(file.slice(0, -image.length)) !== undefined &&
          !names.includes(file.slice(0, -image.length));
    if (isLeft) {
      removeKept(kernel, { path: `${optionalFolder}/${file}` });
    }
  }
}

function isOlder(file: string, kept: ReadonlyMap<string, Kept>): boolean {
  const parsed = parseFileName(file);
  const best = parsed === undefined ? undefined : kept.get(parsed.name);
  return best?.folder === optionalFolder && best.file !== file && parsed?.kind === best.kind;
}
