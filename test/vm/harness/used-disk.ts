import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { importBusybox } from "./container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "./data-disk.ts";
import { type DiskOptions, dist } from "./qemu.ts";
import { runOk } from "./run.ts";
import { TestMachine } from "./test-machine.ts";

const cache = path.join(dist, "../.cache");
const prefix = "test-disk-";
const diskName = "data.raw";

/**
 * Gives a data disk that a machine of this image has used before: set up, with all host keys, and with busybox as an
 * image of root's and of the user's. For tests that aren't about first boots. It is made by the image itself and kept
 * for as long as the image stays the same; each caller gets a copy of its own, in the identity's folder.
 */
export async function usedDisk(): Promise<{ identity: Identity; disk: DiskOptions }> {
  const kept = path.join(cache, `${prefix}${inputsHash()}`);
  if (!existsSync(kept)) {
    await keep(kept);
  }
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-id-"));
  const [key, file] = [path.join(folder, "id"), path.join(folder, diskName)];
  for (const name of ["id", "id.pub"]) {
    await copyFile(path.join(kept, name), path.join(folder, name));
  }
  await runOk(["cp", "--sparse=always", "--reflink=auto", path.join(kept, diskName), file]);
  const publicKey = await readFile(`${key}.pub`, "utf8");
  return {
    identity: { folder, key, publicKey },
    disk: { file, format: "raw", bus: "virtio" },
  };
}

/** Of what the disk's content follows from: the image, and how the tests use it. */
function inputsHash(): string {
  const hash = createHash("sha256");
  hash.update(readFileSync(path.join(dist, "SHA256SUMS")));
  for (const name of ["used-disk.ts", "container-image.ts", "data-disk.ts"]) {
    hash.update(readFileSync(path.join(import.meta.dirname, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Makes the disk in a first boot. Two workers may do so at the same time: the first one's stays. */
async function keep(kept: string): Promise<void> {
  const identity = await newIdentity();
  try {
    const disk = await newDataDisk(identity, { name: diskName });
    const machine = await TestMachine.start({ key: identity.key, disks: [disk] });
    try {
      await importBusybox(machine, "root");
      await importBusybox(machine, "tc");
      // RSA is made in the background.
      await machine.root(
        "while [ ! -e /var/lib/boot2podman/etc/ssh/ssh_host_rsa_key.pub ]; do usleep 100000; done",
      );
      await machine.powerDown();
    } finally {
      await machine.remove();
    }
    await removeOthers(kept);
    const fresh = `${kept}.${process.pid}`;
    await mkdir(fresh, { mode: 0o700 });
    for (const name of ["id", "id.pub", diskName]) {
      const argv = ["cp", "-p", "--sparse=always", path.join(identity.folder, name), fresh];
      await runOk(argv);
    }
    await rename(fresh, kept).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") {
        throw error;
      }
      await rm(fresh, { recursive: true });
    });
  } finally {
    await rm(identity.folder, { recursive: true, force: true });
  }
}

/** Those of other images, and what a killed process left half-copied. */
async function removeOthers(kept: string): Promise<void> {
  for (const name of readdirSync(cache).filter((one) => one.startsWith(prefix))) {
    const other = path.join(cache, name);
    const [, copiedBy] = name.split(".");
    // One with this process's own number is of somebody else's, who had it before.
    const isOurs = copiedBy === String(process.pid);
    const isInWork = copiedBy !== undefined && !isOurs && existsSync(`/proc/${copiedBy}`);
    if (other !== kept && !isInWork) {
      await rm(other, { recursive: true, force: true });
    }
  }
}
