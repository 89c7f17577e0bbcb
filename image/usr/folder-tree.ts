import { type Entry, parentsOf } from "../files/entry.ts";
import { BuildError } from "../report/build-error.ts";

/** An entry with its number in the image and what it holds. */
export interface Node {
  name: string;
  entry: Entry;
  /** From 1 on. */
  inode: number;
  children: Node[];
}

/**
 * Sorted entries with all their folders → the tree of them, below a root folder of root's.
 * @throws BuildError for an entry whose folder is missing.
 */
export function folderTree(entries: readonly Entry[]): Node {
  const root: Node = {
    name: "",
    entry: { path: "", type: "folder", mode: 0o755, uid: 0, gid: 0 },
    inode: 1,
    children: [],
  };
  const byPath = new Map<string, Node>([["", root]]);
  for (const [index, entry] of entries.entries()) {
    const node = { name: lastPart(entry.path), entry, inode: index + 2, children: [] };
    const parent = byPath.get(parentsOf(entry.path).at(-1) ?? "");
    if (parent?.entry.type !== "folder") {
      throw new BuildError(`${entry.path} is in no folder of the image`);
    }
    parent.children.push(node);
    byPath.set(entry.path, node);
  }
  for (const { children } of byPath.values()) {
    // The kernel searches a folder in the order of bytes.
    children.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }
  return root;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
