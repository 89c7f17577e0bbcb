import { type FuseClient, type Reply, root } from "./fuse.ts";
import type { ShareFolder } from "./share-folder.ts";

/** What a hostile kernel tries, one after another; gives all that it was answered. */
export type Attack = (client: FuseClient, folder: ShareFolder) => Promise<Reply[]>;

/** Names that a kernel which keeps to the rules would never send. */
export const badNames: readonly [string, (folder: ShareFolder) => string][] = [
  ["..", () => ".."],
  [".", () => "."],
  ["an empty name", () => ""],
  ["../secret/id", () => "../secret/id"],
  ["../secret", () => "../secret"],
  ["../secret/new", () => "../secret/new"],
  ["../new", () => "../new"],
  ["d/../../secret/id", () => "d/../../secret/id"],
  ["an absolute name", ({ outside }) => `${outside}/secret/id`],
  ["an absolute new name", ({ outside }) => `${outside}/secret/new`],
  ["a link and a name", () => "folder/id"],
  ["/proc/self/root and a name", ({ outside }) => `/proc/self/root${outside}/secret/id`],
  ["a name of 256 bytes", () => "n".repeat(256)],
  ["a name of 100,000 bytes", () => "../".repeat(33_333)],
];

/** Every operation that takes a name, with each of them. */
export const everyOperation: Attack = async (client, folder) => {
  const replies: Reply[] = [];
  for (const [, nameIn] of badNames) {
    const name = nameIn(folder);
    await client.write(root, "f", "in the share\n");
    const found = await client.lookup(root, name);
    if (found.error === 0) {
      replies.push(await client.read(found.node), await client.list(found.node));
      replies.push(await client.readlink(found.node), await client.chmod(found.node, 0o755));
      replies.push(await client.link(root, "linked", found.node));
      replies.push(await client.write(found.node, "id", "overwritten"));
    }
    const { node: file } = await client.lookup(root, "f");
    replies.push(await client.write(root, name, "overwritten"));
    replies.push(await client.mkdir(root, name), await client.mknod(root, name));
    replies.push(await client.symlink(root, name, "/etc/passwd"));
    replies.push(await client.link(root, name, file));
    replies.push(await client.rename(root, "f", name), await client.rename2(root, "f", name, 2));
    replies.push(await client.rename(root, name, "taken"));
    replies.push(await client.read((await client.lookup(root, "taken")).node));
    replies.push(await client.unlink(root, name), await client.rmdir(root, name));
  }
  return replies;
};

/** NUL within a name. A daemon may end on it: one request each. */
export const nulAttacks: readonly [string, Attack][] = [
  ["renamed", async (client) => [await client.rename(root, "../secret/id\0f", "taken")]],
  ["made", async (client) => [await client.mkdir(root, "../new\0f")]],
  ["written", async (client) => [await client.write(root, "../secret/id\0f", "overwritten")]],
];

/** Links that lead out are followed by nobody here: opened, listed, written through. */
export const followLinks: Attack = async (client) => {
  const replies: Reply[] = [];
  for (const name of ["relative", "absolute", "folder", "proc"]) {
    const { node } = await client.lookup(root, name);
    replies.push(await client.read(node), await client.read(node, 0o2), await client.list(node));
    replies.push(await client.write(root, name, "overwritten"), await client.chmod(node, 0o4777));
    const inside = await client.lookup(node, "id");
    replies.push(await client.read(inside.node), await client.write(node, "id", "overwritten"));
    replies.push(await client.unlink(node, "id"), await client.rename(node, "id", "taken", root));
  }
  return replies;
};

/** A node that was a file or a folder when it was looked up is a link by the time of its use. */
export const swapLinks: Attack = async (client, { outside }) => {
  const file = await client.lookup(root, "f");
  const folder = await client.lookup(root, "d");
  const inFolder = await client.lookup(folder.node, "id");
  const swaps = [
    await client.rename(root, "f", "f.old"),
    await client.symlink(root, "f", "../secret/id"),
    await client.rename(root, "d", "d.old"),
    await client.symlink(root, "d", `${outside}/secret`),
  ];
  const uses: Reply[] = [];
  for (const { node } of [file, folder, inFolder, await client.lookup(folder.node, "id")]) {
    uses.push(await client.read(node), await client.read(node, 0o2), await client.list(node));
  }
  uses.push(await client.write(folder.node, "id", "overwritten"));
  uses.push(await client.unlink(folder.node, "id"), await client.mkdir(folder.node, "new"));
  uses.push(await client.write(folder.node, "../secret/id", "overwritten"));
  return [...swaps, ...uses];
};

/** A folder is moved up while a node below it is held: `..` counts from where it was. */
export const moveFolders: Attack = async (client) => {
  const replies = [await client.mkdir(root, "a")];
  const a = await client.lookup(root, "a");
  replies.push(await client.mkdir(a.node, "b"));
  const b = await client.lookup(a.node, "b");
  replies.push(await client.rename(a.node, "b", "b", root));
  for (const name of ["..", "../..", "../../secret/id", "../secret/id"]) {
    const { node } = await client.lookup(b.node, name);
    replies.push(await client.list(node), await client.read(node));
    replies.push(await client.rename(b.node, name, "taken"), await client.unlink(b.node, name));
  }
  return replies;
};
