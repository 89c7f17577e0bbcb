import path from "node:path";
import type { Identity } from "./data-disk.ts";
import { type DiskOptions, dist } from "./qemu.ts";
import { runOk } from "./run.ts";

/** The built disk image, unpacked into the identity's folder and enlarged, as clients do before they boot it. */
export async function newDiskImage(
  identity: Identity,
  gib: number,
  folder = dist,
): Promise<DiskOptions> {
  const file = path.join(identity.folder, "image.qcow2");
  await runOk(["zstd", "-dqf", path.join(folder, "boot2podman.qcow2.zst"), "-o", file]);
  const disk: DiskOptions = { file, format: "qcow2", bus: "virtio" };
  await enlarge(disk, gib);
  return disk;
}

/** Gives a disk another size while its machine is off. */
export async function enlarge({ file, format }: DiskOptions, gib: number): Promise<void> {
  await runOk(["qemu-img", "resize", "-q", "-f", format, file, `${gib}G`]);
}

/** QEMU's arguments that let the identity's key log in as root, as hypervisors hand credentials over. */
export function keyByCredential({ publicKey }: Identity): string[] {
  const text = Buffer.from(publicKey).toString("base64");
  const credential = `io.systemd.credential.binary:ssh.authorized_keys.root=${text}`;
  return ["-smbios", `type=11,value=${credential}`];
}
