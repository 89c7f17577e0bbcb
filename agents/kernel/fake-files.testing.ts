import type { Lock } from "./block-devices.ts";
import { FakeJournal } from "./fake-journal.testing.ts";
import { type FakeNode, FakeTree } from "./fake-tree.testing.ts";
import {
  type FileStat,
  type Files,
  longestFolderBytes,
  type Owner,
  type Ownership,
  type Reader,
  type Writer,
} from "./files.ts";
import { hasCode, KernelError } from "./kernel-error.ts";

/** As tmpfs counts; ext4 takes as much for the shortest name. */
const fakeEntryBytes = 20;

/** Files in memory with links, modes, owners and mounts, and with faults on demand. */
export class FakeFiles extends FakeJournal implements Files {
  readonly tree = new FakeTree();
  #lastFd = 99;

  /** Lays files into the fake without journal: a string is a file, null a folder. */
  lay(entries: Readonly<Record<string, string | Uint8Array | null>>): this {
    for (const [path, content] of Object.entries(entries)) {
      const folder = content === null ? path : path.slice(0, path.lastIndexOf("/"));
      this.#makeFolders("lay", folder);
      if (content !== null) {
        this.#put("lay", path, content);
      }
    }
    return this;
  }

  exists(path: string): boolean {
    return this.stat(path) !== undefined;
  }

  stat(path: string): FileStat | undefined {
    this.enter("stat", path);
    return this.#statOf(path, true);
  }

  lstat(path: string): FileStat | undefined {
    this.enter("lstat", path);
    return this.#statOf(path, false);
  }

  readlink(path: string): string {
    this.enter("readlink", path);
    const node = this.tree.get("readlink", path, false);
    if (node.kind !== "link") {
      throw new KernelError("readlink", path, "EINVAL");
    }
    return node.target;
  }

  realpath(path: string): string {
    this.enter("realpath", path);
    const place = this.tree.find("realpath", path, true);
    if (place.node === undefined) {
      throw new KernelError("realpath", path, "ENOENT");
    }
    return place.path;
  }

  read(path: string, maxBytes?: number): Uint8Array {
    this.enter("read", path);
    const node = this.tree.get("read", path, true);
    if (node.kind === "folder") {
      throw new KernelError("read", path, "EISDIR");
    }
    return node.content.slice(0, maxBytes);
  }

  readText(path: string): string {
    this.enter("readText", path);
    return new TextDecoder().decode(this.read(path));
  }

  readTextIfPresent(path: string): string | undefined {
    return this.exists(path) ? this.readText(path) : undefined;
  }

  list(path: string): string[] {
    this.enter("list", path);
    return [...this.tree.getFolder("list", path).children.keys()].sort();
  }

  listIfPresent(path: string): string[] {
    return this.exists(path) ? this.list(path) : [];
  }

  writeAtomic(path: string, content: string | Uint8Array, ownership: Ownership = {}): void {
    this.change("writeAtomic", path);
    const { parent, name, node } = this.tree.find("writeAtomic", path, false);
    if (node?.kind === "folder") {
      throw new KernelError("writeAtomic", path, "EISDIR");
    }
    const fresh = this.tree.newNode("file", 0o644);
    parent.children.set(name, fresh);
    fresh.content = bytes(content);
    own(fresh, ownership);
  }

  writePlain(path: string, content: string | Uint8Array, ownership: Ownership = {}): void {
    this.change("writePlain", path);
    own(this.#put("writePlain", path, content), ownership);
  }

  writeNew(path: string, content: string | Uint8Array, ownership: Ownership = {}): void {
    this.change("writePlain", path);
    if (this.#present("writeNew", path) !== undefined) {
      this.tree
        .find("writeNew", path, false)
        .parent.children.delete(path.slice(path.lastIndexOf("/") + 1));
    }
    own(this.#put("writeNew", path, content), ownership);
  }

  append(path: string, content: string | Uint8Array): void {
    this.change("append", path);
    const before = this.readNoFollow(path, Number.POSITIVE_INFINITY) ?? new Uint8Array();
    this.#put("append", path, Buffer.concat([before, bytes(content)]));
  }

  empty(path: string): void {
    this.change("empty", path);
    if (this.readNoFollow(path, 0) === undefined) {
      throw new KernelError("empty", path, "ENOENT");
    }
    this.#put("empty", path, "");
  }

  openWriter(path: string): Writer {
    this.enter("openWriter", path);
    const node = this.tree.get("openWriter", path, true);
    return {
      write: (text) => {
        this.change("append", path);
        node.content = Buffer.concat([node.content, bytes(text)]);
      },
      close: () => undefined,
    };
  }

  fsync(path: string): void {
    this.change("fsync", path);
    this.tree.get("fsync", path, true);
  }

  syncFilesystem(path: string): void {
    this.change("syncFilesystem", path);
    this.tree.get("syncFilesystem", path, true);
  }

  mkdir(path: string, ownership: Ownership = {}): void {
    this.change("mkdir", path);
    own(this.#makeFolders("mkdir", path), ownership);
  }

  symlink(target: string, path: string): void {
    this.change("symlink", path, target);
    this.#add("symlink", path, "link", 0o777).target = target;
  }

  mkfifo(path: string, ownership: Ownership = {}): void {
    this.change("mkfifo", path);
    own(this.#add("mkfifo", path, "fifo", 0o644), ownership);
  }

  mknod(
    path: string,
    node: { kind: "char" | "block"; major: number; minor: number; mode: number },
  ) {
    this.change("mknod", path, `${node.major}:${node.minor}`);
    this.#add("mknod", path, node.kind, node.mode).nodeId = (node.major << 8) | node.minor;
  }

  holdFifo(path: string): Lock {
    this.change("holdFifo", path);
    const node = this.tree.get("holdFifo", path, true);
    if (node.kind !== "fifo") {
      throw new KernelError("holdFifo", path, "EINVAL");
    }
    return { release: () => this.change("releaseFifo", path) };
  }

  unlink(path: string): void {
    this.change("unlink", path);
    const { parent, name, node } = this.tree.find("unlink", path, false);
    if (node === undefined) {
      throw new KernelError("unlink", path, "ENOENT");
    }
    if (node.kind === "folder") {
      throw new KernelError("unlink", path, "EISDIR");
    }
    parent.children.delete(name);
  }

  rmdir(path: string): void {
    this.change("rmdir", path);
    const { parent, name, node } = this.tree.find("rmdir", path, false);
    if (node === undefined) {
      throw new KernelError("rmdir", path, "ENOENT");
    }
    if (node.kind !== "folder") {
      throw new KernelError("rmdir", path, "ENOTDIR");
    }
    if (node.children.size > 0) {
      throw new KernelError("rmdir", path, "ENOTEMPTY");
    }
    if ((parent.children.get(name)?.mounted.length ?? 0) > 0) {
      throw new KernelError("rmdir", path, "EBUSY");
    }
    parent.children.delete(name);
  }

  rename(from: string, to: string): void {
    this.change("rename", from, to);
    const source = this.tree.find("rename", from, false);
    if (source.node === undefined) {
      throw new KernelError("rename", from, "ENOENT");
    }
    const goal = this.tree.find("rename", to, false);
    source.parent.children.delete(source.name);
    goal.parent.children.set(goal.name, source.node);
  }

  chmod(path: string, mode: number): void {
    this.change("chmod", path, mode.toString(8));
    this.tree.get("chmod", path, true).mode = mode;
  }

  chown(path: string, owner: Owner): void {
    this.change("chown", path, `${owner.uid}:${owner.gid}`);
    own(this.tree.get("chown", path, false), { owner });
  }

  copyTree(from: string, to: string): void {
    this.change("copyTree", from, to);
    copy(this.tree, this.tree.getFolder("copyTree", from), this.tree.getFolder("copyTree", to));
  }

  withFolderBeneath<T>(root: string, relativePath: string, use: (path: string) => T): T {
    this.enter("withFolderBeneath", `${root}/${relativePath}`);
    this.#lastFd += 1;
    const path = `/proc/self/fd/${this.#lastFd}`;
    this.tree.openFolders.set(path, this.#beneath(root, relativePath));
    try {
      return use(path);
    } finally {
      this.tree.openFolders.delete(path);
    }
  }

  mkdirBeneath(root: string, relativePath: string, ownership: Required<Ownership>): void {
    this.change("mkdirBeneath", `${root}/${relativePath}`);
    const names = relativePath.split("/").filter((name) => name !== "" && name !== ".");
    for (const [index, name] of names.entries()) {
      const parent = this.#beneath(root, names.slice(0, index).join("/"));
      if (parent.children.has(name)) {
        continue;
      }
      const fresh = this.tree.newNode("folder", 0o755);
      own(fresh, ownership);
      parent.children.set(name, fresh);
    }
    this.#beneath(root, relativePath);
  }

  listNoFollow(path: string, maxBytes = longestFolderBytes): string[] {
    this.enter("listNoFollow", path);
    const node = this.#present("listNoFollow", path);
    if (node === undefined) {
      return [];
    }
    if (node.kind !== "folder") {
      throw new KernelError("list", path, node.kind === "link" ? "ELOOP" : "ENOTDIR");
    }
    const names = [...this.tree.top(node).children.keys()].sort();
    if (names.length * fakeEntryBytes > maxBytes) {
      throw new KernelError("list", path, "EFBIG");
    }
    return names;
  }

  readNoFollow(path: string, maxBytes: number): Uint8Array | undefined {
    this.enter("readNoFollow", path);
    const node = this.#present("readNoFollow", path);
    if (node === undefined) {
      return undefined;
    }
    if (node.kind === "link") {
      throw new KernelError("readNoFollow", path, "ELOOP");
    }
    if (node.kind !== "file") {
      throw new KernelError("readNoFollow", path, "EINVAL");
    }
    return node.content.slice(0, maxBytes);
  }

  /** The node itself; undefined when nothing is there, not even its folder. */
  #present(operation: string, path: string): FakeNode | undefined {
    try {
      return this.tree.find(operation, path, false).node;
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENOTDIR")) {
        return undefined;
      }
      throw error;
    }
  }

  openReader(path: string): Reader | undefined {
    const content = this.readNoFollow(path, Number.POSITIVE_INFINITY);
    const node = this.#present("openReader", path);
    if (content === undefined || node === undefined) {
      return undefined;
    }
    let at = 0;
    return {
      sizeBytes: content.length,
      // What is appended later can be read, also when another file has taken the place.
      read: (maxBytes, start = at) => {
        const part = node.content.slice(start, start + maxBytes);
        at = start + part.length;
        return part;
      },
      close: () => undefined,
    };
  }

  #beneath(root: string, relativePath: string): FakeNode {
    const asked = `${root}/${relativePath}`;
    let folder = this.tree.getFolder("withFolderBeneath", root);
    for (const name of relativePath.split("/").filter((part) => part !== "" && part !== ".")) {
      if (name === "..") {
        throw new KernelError("withFolderBeneath", asked, "EINVAL");
      }
      const found = folder.children.get(name);
      if (found === undefined) {
        throw new KernelError("withFolderBeneath", asked, "ENOENT");
      }
      if (found.kind === "link") {
        throw new KernelError("withFolderBeneath", asked, "ELOOP");
      }
      if (found.kind !== "folder") {
        throw new KernelError("withFolderBeneath", asked, "ENOTDIR");
      }
      folder = this.tree.top(found);
    }
    return folder;
  }

  #statOf(path: string, follow: boolean): FileStat | undefined {
    try {
      const { node } = this.tree.find("stat", path, follow);
      if (node === undefined) {
        return undefined;
      }
      const { kind, mode, uid, gid, mtimeMs, nodeId, inode } = node;
      return {
        kind,
        mode,
        uid,
        gid,
        mtimeMs,
        nodeId,
        inode,
        sizeBytes: node.content.length,
        deviceId: 1,
      };
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENOTDIR")) {
        return undefined;
      }
      throw error;
    }
  }

  #put(operation: string, path: string, content: string | Uint8Array): FakeNode {
    const { parent, name, node } = this.tree.find(operation, path, true);
    if (node?.kind === "folder") {
      throw new KernelError(operation, path, "EISDIR");
    }
    const file = node ?? this.tree.newNode("file", 0o644);
    if (node === undefined) {
      parent.children.set(name, file);
    }
    file.content = bytes(content);
    return file;
  }

  #add(operation: string, path: string, kind: FakeNode["kind"], mode: number): FakeNode {
    const { parent, name, node } = this.tree.find(operation, path, false);
    if (node !== undefined) {
      throw new KernelError(operation, path, "EEXIST");
    }
    const fresh = this.tree.newNode(kind, mode);
    parent.children.set(name, fresh);
    return fresh;
  }

  #makeFolders(operation: string, path: string): FakeNode {
    const names = path.split("/").filter((name) => name !== "");
    for (const index of names.keys()) {
      const part = `/${names.slice(0, index + 1).join("/")}`;
      const place = this.tree.find(operation, part, true);
      if (place.node === undefined) {
        place.parent.children.set(place.name, this.tree.newNode("folder", 0o755));
      }
    }
    return this.tree.getFolder(operation, `/${names.join("/")}`);
  }
}

function bytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
}

function own(node: FakeNode, { mode, owner }: Ownership): void {
  if (mode !== undefined) {
    node.mode = mode;
  }
  if (owner === undefined) {
    return;
  }
  node.uid = owner.uid;
  node.gid = owner.gid;
}

function copy(tree: FakeTree, from: FakeNode, to: FakeNode): void {
  for (const [name, source] of from.children) {
    const there = to.children.get(name);
    const goal = there?.kind === "folder" ? there : tree.newNode(source.kind, source.mode);
    const { mode, uid, gid, mtimeMs, target } = source;
    Object.assign(goal, { mode, uid, gid, mtimeMs, target, content: source.content.slice() });
    to.children.set(name, goal);
    if (source.kind === "folder") {
      copy(tree, tree.top(source), tree.top(goal));
    }
  }
}
