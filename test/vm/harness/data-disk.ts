import { mkdtemp, open, writeFile } from "node:fs/promises";
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

/** Makes a sparse raw disk of `sizeMiB` that asks to be formatted and brings the identity's key. */
export async function newDataDisk(
  identity: Identity,
  options: { sizeMiB?: number; bus?: DiskOptions["bus"]; name?: string } = {},
): Promise<DiskOptions> {
  const file = path.join(identity.folder, options.name ?? "data.raw");
  await writeFile(file, userdataArchive({ publicKey: identity.publicKey }));
  const handle = await open(file, "r+");
  await handle.truncate((options.sizeMiB ?? 8192) * 2 ** 20);
  await handle.close();
  return { file, format: "raw", bus: options.bus ?? "virtio" };
}
