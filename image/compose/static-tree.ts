import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type ContentStore, storeContent } from "../files/content.ts";
import { comparePaths, type Entry, rootLink } from "../files/entry.ts";
import { BuildError } from "../report/build-error.ts";

/**
 * The files that stand beside the recipe, laid out as in the guest. All are root's; a file's execute
 * bit is kept (git keeps no more), so the builder's umask changes nothing.
 * `templates` are paths in which the names of `values` are replaced: @VERSION@ by that of VERSION.
 * @throws BuildError for a template that isn't there, and for what is neither file, folder nor link.
 */
export function readStaticTree(
  folder: string,
  store: ContentStore,
  templates: readonly string[],
  values: Readonly<Record<string, string>>,
): Entry[] {
  const entries = readFolder(
    folder,
    "",
    (path, bytes) => {
      if (!templates.includes(path)) {
        return bytes;
      }
      return Buffer.from(filled(bytes.toString("utf8"), values));
    },
    store,
  );
  const missing = templates.find((path) => !entries.some((entry) => entry.path === path));
  if (missing !== undefined) {
    throw new BuildError(`templates: "${missing}" is not in ${folder}`);
  }
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce(
    (sum, [name, value]) => sum.replaceAll(`@${name}@`, value),
    text,
  );
}

function readFolder(
  root: string,
  below: string,
  fill: (path: string, bytes: Buffer) => Buffer,
  store: ContentStore,
): Entry[] {
  return readdirSync(join(root, below)).flatMap((name): Entry[] => {
    const path = below === "" ? name : `${below}/${name}`;
    const whole = join(root, path);
    const facts = lstatSync(whole);
    if (facts.isDirectory()) {
      const inside = readFolder(root, path, fill, store);
      return [{ path, type: "folder", mode: 0o755, uid: 0, gid: 0 }, ...inside];
    }
    if (facts.isSymbolicLink()) {
      return [rootLink(path, readlinkSync(whole))];
    }
    if (!facts.isFile()) {
      throw new BuildError(`${whole} is neither a file, a folder nor a link: remove it`);
    }
    const bytes = fill(path, readFileSync(whole));
    const sha256 = storeContent(store, bytes);
    const mode = facts.mode & 0o100 ? 0o755 : 0o644;
    return [{ path, type: "file", mode, uid: 0, gid: 0, sizeBytes: bytes.length, sha256 }];
  });
}
