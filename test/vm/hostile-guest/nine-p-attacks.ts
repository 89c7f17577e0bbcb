import { badNames } from "./attacks.ts";
import type { Answer, NinePClient } from "./nine-p.ts";
import type { ShareFolder } from "./share-folder.ts";

/** What a hostile kernel tries over 9p, one after another; gives all that it was answered. */
export type NinePAttack = (client: NinePClient, folder: ShareFolder) => Promise<Answer[]>;

/** A string of 9p has its length before it, in 16 bits. */
const nameMaxBytes = 0xffff;

function namesFor(folder: ShareFolder): string[] {
  const names = badNames.map(([, nameIn]) => nameIn(folder).slice(0, nameMaxBytes));
  return [...names, "../secret/id\0f", "f\0/../../secret/id", "/", "//", "f/", "./f", "\0"];
}

/** Reads, lists, changes and moves whatever a number stands for. */
async function use(client: NinePClient, fid: number): Promise<Answer[]> {
  const { root } = client;
  return [
    await client.read(fid),
    await client.read(fid, 0o2),
    await client.list(fid),
    await client.readlink(fid),
    await client.attribute(fid, "user.x"),
    await client.overwrite(fid, "overwritten"),
    await client.create(fid, "id", "overwritten"),
    await client.mkdir(fid, "new"),
    await client.unlink(fid, "id"),
    await client.renameAt(fid, "id", root, "taken"),
  ];
}

/** Every request that takes a name, with each of them. */
const everyRequest: NinePAttack = async (client, folder) => {
  const answers: Answer[] = [];
  const { root } = client;
  for (const name of namesFor(folder)) {
    await client.create(root, "f", "in the share\n");
    const found = await client.walk(root, name);
    if (found.error === 0) {
      answers.push(...(await use(client, found.fid)));
    }
    const { fid: file } = await client.walk(root, "f");
    const { fid: inner } = await client.walk(root, "d");
    for (const from of [root, inner]) {
      answers.push(
        await client.create(from, name, "overwritten"),
        await client.mkdir(from, name),
        await client.mknod(from, name),
        await client.symlink(from, name, "/etc/passwd"),
        await client.link(from, file, name),
        await client.renameAt(root, "f", from, name),
        await client.renameAt(from, name, root, "taken"),
        await client.rename(file, from, name),
        await client.read((await client.walk(root, "taken")).fid),
        await client.unlink(from, name),
        await client.unlink(from, name, true),
      );
    }
  }
  return answers;
};

/** Ways of several names in one request. */
const ways: NinePAttack = async (client) => {
  const answers: Answer[] = [];
  for (const names of [
    ["..", "secret", "id"],
    ["d", "..", "..", "secret", "id"],
    ["d", "..", "..", "secret"],
    ["folder", "id"],
    ["d", "../../secret/id"],
    Array.from({ length: 16 }, () => ".."),
  ]) {
    const { fid } = await client.walk(client.root, ...names);
    answers.push(...(await use(client, fid)));
  }
  return answers;
};

/** Links that lead out are followed by nobody here. */
const followLinks: NinePAttack = async (client) => {
  const answers: Answer[] = [];
  for (const name of ["relative", "absolute", "folder", "proc"]) {
    const { fid } = await client.walk(client.root, name);
    answers.push(...(await use(client, fid)), await client.change(fid, 0o4777));
    answers.push(await client.create(client.root, name, "overwritten"));
    answers.push(...(await use(client, (await client.walk(fid, "id")).fid)));
  }
  return answers;
};

/** What was a file or a folder when it was walked to is a link by the time of its use. */
const swapLinks: NinePAttack = async (client, { outside }) => {
  const { root } = client;
  const file = await client.walk(root, "f");
  const folder = await client.walk(root, "d");
  const inFolder = await client.walk(root, "d", "id");
  const answers: Answer[] = [
    await client.renameAt(root, "f", root, "f.old"),
    await client.symlink(root, "f", "../secret/id"),
    await client.renameAt(root, "d", root, "d.old"),
    await client.symlink(root, "d", `${outside}/secret`),
  ];
  for (const { fid } of [file, folder, inFolder, await client.walk(folder.fid, "id")]) {
    answers.push(...(await use(client, fid)), await client.change(fid, 0o4777));
  }
  return answers;
};

/** A folder is moved up while one below it is held: `..` counts from where it was. */
const moveFolders: NinePAttack = async (client) => {
  const { root } = client;
  const answers = [await client.mkdir(root, "a")];
  const a = await client.walk(root, "a");
  answers.push(await client.mkdir(a.fid, "b"));
  const b = await client.walk(a.fid, "b");
  answers.push(await client.renameAt(a.fid, "b", root, "b"));
  for (const names of [
    [".."],
    ["..", ".."],
    ["..", "..", "secret"],
    ["..", "..", "secret", "id"],
  ]) {
    answers.push(...(await use(client, (await client.walk(b.fid, ...names)).fid)));
  }
  return answers;
};

export const ninePAttacks: readonly [string, NinePAttack][] = [
  ["names that lead out", everyRequest],
  ["ways that lead out", ways],
  ["links that lead out", followLinks],
  ["links put in the place of what was walked to", swapLinks],
  ["folders moved from under one that is held", moveFolders],
];
