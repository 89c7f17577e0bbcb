import { mkdir, mkdtemp, open, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { userdataArchive } from "../../../machine/disk/userdata-archive.ts";
import type { DiskOptions } from "./qemu.ts";
import { runOk } from "./run.ts";

/** A key pair and a new disk that carries its public half. */
export interface Identity {
  folder: string;
  key: string;
  publicKey: string;
}

/** Makes an ed25519 key pair in a folder of its own. */
export async function newIdentity(): Promise<Identity> {
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-id-"));
  const key = path.join(folder, "id");
  await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key]);
  return { folder, key, publicKey: await runOk(["cat", `${key}.pub`]) };
}

/** Makes one more key in the identity's folder, in the file of that name; gives its public half, with the name as comment. */
export async function newKey({ folder }: Identity, name: string): Promise<string> {
  const key = path.join(folder, name);
  await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
  return readFile(`${key}.pub`, "utf8");
}

/** Makes a sparse raw disk of `sizeMiB` that asks to be formatted and brings the identity's key. */
export async function newDataDisk(
  identity: Identity,
  options: { sizeMiB?: number; bus?: DiskOptions["bus"]; name?: string; magic?: string } = {},
): Promise<DiskOptions> {
  const file = path.join(identity.folder, options.name ?? "data.raw");
  await writeFile(file, userdataArchive({ publicKey: identity.publicKey }, options.magic));
  const handle = await open(file, "r+");
  await handle.truncate((options.sizeMiB ?? 8192) * 2 ** 20);
  await handle.close();
  return { file, format: "raw", bus: options.bus ?? "virtio" };
}

/**
 * Makes a data disk as a machine has left it: one partition with the label, the identity's key, `files` by
 * their paths on the disk, and FIFOs that nobody ever writes to.
 */
export async function laidDataDisk(
  identity: Identity,
  files: Readonly<Record<string, string>>,
  fifos: readonly string[] = [],
): Promise<DiskOptions> {
  const tree = path.join(identity.folder, "tree");
  const all = { "home/tc/.ssh/authorized_keys": identity.publicKey, ...files };
  for (const [name, content] of Object.entries(all)) {
    const file = path.join(tree, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  for (const name of fifos) {
    await mkdir(path.dirname(path.join(tree, name)), { recursive: true });
    await runOk(["mkfifo", path.join(tree, name)]);
  }
  const file = path.join(identity.folder, "laid.raw");
  const handle = await open(file, "w");
  await handle.truncate(2048 * 2 ** 20);
  await handle.close();
  await runOk(["sfdisk", "--quiet", file], { input: "label: dos\nstart=2048, type=83\n" });
  const filesystem = ["-t", "ext4", "-L", "boot2podman-data", "-d", tree, "-E", "offset=1048576"];
  await runOk(["mke2fs", "-q", ...filesystem, file, "2047M"]);
  return { file, format: "raw", bus: "virtio" };
}
