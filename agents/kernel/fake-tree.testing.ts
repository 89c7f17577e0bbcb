import type { FileKind } from "./files.ts";
import { KernelError } from "./kernel-error.ts";

/** An inode of the fake: its kind decides which of the fields mean something. */
export interface FakeNode {
  kind: FileKind;
  inode: number;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  nodeId: number;
  content: Uint8Array;
  target: string;
  children: Map<string, FakeNode>;
  /** Roots mounted on this folder, the last on top. */
  mounted: FakeNode[];
}

/** Folder and name where a path ends, and what is there. */
export interface FakePlace {
  parent: FakeNode;
  name: string;
  node: FakeNode | undefined;
  /** The path without links. */
  path: string;
}

const maxLinks = 40;

/** Inodes, links and mounts of the fake, without any of the calls on them. */
export class FakeTree {
  #lastInode = 0;
  root: FakeNode = this.newNode("folder", 0o755);
  /** What /proc/self/fd/N leads to, for withFolderBeneath. */
  readonly openFolders = new Map<string, FakeNode>();

  newNode(kind: FileKind, mode: number): FakeNode {
    this.#lastInode += 1;
    return {
      kind,
      inode: this.#lastInode,
      mode,
      uid: 0,
      gid: 0,
      mtimeMs: 0,
      nodeId: 0,
      content: new Uint8Array(),
      target: "",
      children: new Map(),
      mounted: [],
    };
  }

  /** What a path walk sees in a folder: the root of what is mounted on top. */
  top(node: FakeNode): FakeNode {
    const mounted = node.mounted.at(-1);
    // A folder can be bound onto itself.
    return mounted === undefined || mounted === node ? node : this.top(mounted);
  }

  /** Walks to the place of `path`; a missing parent is ENOENT, a parent that is no folder ENOTDIR. */
  find(operation: string, path: string, followLast: boolean): FakePlace {
    return this.#walk(operation, path, path, followLast, 0);
  }

  #walk(
    operation: string,
    asked: string,
    path: string,
    followLast: boolean,
    links: number,
  ): FakePlace {
    if (links > maxLinks) {
      throw new KernelError(operation, asked, "ELOOP");
    }
    if (!path.startsWith("/")) {
      throw new KernelError(operation, asked, "EINVAL");
    }
    const fd = /^(\/proc\/self\/fd\/\d+)(\/.*)?$/.exec(path);
    const start = this.openFolders.get(fd?.[1] ?? "");
    let folder = this.top(start ?? this.root);
    let here = start === undefined ? "" : (fd?.[1] ?? "");
    const names = (start === undefined ? path : (fd?.[2] ?? "")).split("/").filter(isName);
    const trail: { node: FakeNode; path: string }[] = [{ node: folder, path: here }];
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      if (name === "..") {
        if (trail.length > 1) {
          trail.pop();
        }
        const up = trail.at(-1);
        folder = up?.node ?? folder;
        here = up?.path ?? here;
        continue;
      }
      if (folder.kind !== "folder") {
        throw new KernelError(operation, asked, "ENOTDIR");
      }
      const found = folder.children.get(name);
      if (found?.kind === "link" && (!isLast || followLast)) {
        const base = found.target.startsWith("/") ? found.target : `${here}/${found.target}`;
        const rest = names.slice(index + 1).join("/");
        return this.#walk(operation, asked, `${base}/${rest}`, followLast, links + 1);
      }
      if (isLast) {
        const node = found === undefined ? undefined : this.top(found);
        return { parent: folder, name, node, path: `${here}/${name}` };
      }
      if (found === undefined) {
        throw new KernelError(operation, asked, "ENOENT");
      }
      folder = this.top(found);
      here = `${here}/${name}`;
      trail.push({ node: folder, path: here });
    }
    return { parent: folder, name: ".", node: folder, path: here === "" ? "/" : here };
  }

  /** What lies at `path`, or ENOENT. */
  get(operation: string, path: string, followLast: boolean): FakeNode {
    const { node } = this.find(operation, path, followLast);
    if (node === undefined) {
      throw new KernelError(operation, path, "ENOENT");
    }
    return node;
  }

  /** As get; ENOTDIR when it is no folder. */
  getFolder(operation: string, path: string): FakeNode {
    const node = this.get(operation, path, true);
    if (node.kind !== "folder") {
      throw new KernelError(operation, path, "ENOTDIR");
    }
    return node;
  }
}

function isName(part: string): boolean {
  return part !== "" && part !== ".";
}
