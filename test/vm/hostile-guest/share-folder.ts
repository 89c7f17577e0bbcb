import { lstatSync } from "node:fs";
import {
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

/** What a guest must not get to see. */
export const secretText = "-----BEGIN PRIVATE KEY-----";

/** A folder that is shared, and beside it one that is not; all of it is `owner`'s. */
export interface ShareFolder {
  /** The whole. */
  readonly outside: string;
  readonly shared: string;
  /** Everything beside the share, for comparing. */
  describeOutside(): Promise<string[]>;
  /** Everything in it. */
  describeShared(): Promise<string[]>;
}

/** Makes `folder` with `share/` and `secret/id` in it, and links that lead from one to the other. */
export async function makeShareFolder(
  folder: string,
  owner: { uid: number; gid: number },
): Promise<ShareFolder> {
  const shared = path.join(folder, "share");
  const secret = path.join(folder, "secret");
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(shared, "d"), { recursive: true });
  await mkdir(secret);
  await writeFile(path.join(secret, "id"), secretText, { mode: 0o600 });
  await writeFile(path.join(shared, "f"), "in the share\n");
  await writeFile(path.join(shared, "d/id"), "in the share too\n");
  await symlink("../secret/id", path.join(shared, "relative"));
  await symlink(path.join(secret, "id"), path.join(shared, "absolute"));
  await symlink(secret, path.join(shared, "folder"));
  await symlink(`/proc/self/root${secret}/id`, path.join(shared, "proc"));
  for (const one of ["", "share", "share/d", "share/f", "share/d/id", "secret", "secret/id"]) {
    await chown(path.join(folder, one), owner.uid, owner.gid);
  }
  return {
    outside: folder,
    shared,
    describeOutside: () => describe(folder, shared),
    describeShared: () => describe(shared, undefined),
  };
}

async function describe(folder: string, except: string | undefined): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    const one = path.join(folder, name);
    if (one === except) {
      continue;
    }
    const { mode, uid } = lstatSync(one);
    const kind = mode & 0o170000;
    const content =
      kind === 0o100000
        ? await readFile(one, "utf8")
        : kind === 0o120000
          ? await readlink(one)
          : "";
    lines.push(`${one} ${mode.toString(8)} ${uid} ${content}`);
    if (kind === 0o040000) {
      lines.push(...(await describe(one, except)));
    }
  }
  return lines;
}
