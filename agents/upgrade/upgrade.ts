import type { Kernel } from "../kernel/kernel.ts";
import { runChecked } from "../kernel/run-checked.ts";
import { type BootDisk, findBootDisk, withBootPartition } from "./boot-disk.ts";
import { readDiskImage } from "./disk-stream.ts";
import { otherSlot, type Slot } from "./grub-environment.ts";
import type { OpenImage } from "./source.ts";

/** At the end of a partition with /usr (image/usr/usr-id.ts). */
const usrIdBytes = 4096;
/** As long as the longest part that comes at once: holes stay holes. */
const zeros = Buffer.alloc(4 * 1024 * 1024);
/** Kernel first: a slot counts as whole when it has its initrd, which GRUB's menu looks for. */
const slotFiles = ["vmlinuz64", "corepure64.gz"] as const;
/** On the data disk: the new boot partition, with holes, until its two files are copied out of it. */
const workFolder = "/var/lib/boot2podman/upgrade";
const bootImage = `${workFolder}/boot.img`;
const bootFolder = "/run/boot2podman/new-boot-partition";

/**
 * Lays a disk image's kernel, initrd and /usr into the places that this system doesn't run from, and has the next boot
 * try them, once, when the image turned out to be the right one. The order is what a power cut leaves a
 * system after, which boots as before: the other slot is closed, written, flushed, closed again with its initrd, and
 * tried at last.
 */
export async function upgradeDisk(kernel: Kernel, image: OpenImage): Promise<Slot> {
  const disk = findBootDisk(kernel);
  const other = otherSlot(disk.running);
  await withBootPartition(kernel, disk, async (partition) => {
    partition.setEnvironment({ slot: disk.running, tried: undefined });
    const [, initrd] = slotFiles;
    const path = `${partition.slotFolder(other)}/${initrd}`;
    if (kernel.lstat(path) !== undefined) {
      kernel.unlink(path);
    }
  });
  kernel.mkdir(workFolder, { mode: 0o700 });
  try {
    await writeParts(kernel, image, disk);
    await copyKernel(kernel, disk, other);
  } finally {
    if (kernel.lstat(bootImage) !== undefined) {
      kernel.unlink(bootImage);
    }
    kernel.rmdir(workFolder);
  }
  return other;
}

async function writeParts(kernel: Kernel, image: OpenImage, { otherUsr }: BootDisk): Promise<void> {
  // Nobody else may hold it, as this system's own /usr is held.
  kernel.openBlockDevice(otherUsr, "exclusive").close();
  const usr = kernel.openBlockDevice(otherUsr, "write");
  kernel.writeNew(bootImage, "");
  const boot = kernel.openBlockDevice(bootImage, "write");
  let usrBytes = 0;
  let end = new Uint8Array();
  try {
    await readDiskImage(image.bytes, {
      check(_, { sizeBytes }) {
        usrBytes = sizeBytes;
        if (sizeBytes > usr.sizeBytes) {
          throw new Error(
            `its /usr needs ${sizeBytes} bytes, and its place on this disk has ${usr.sizeBytes}: move the data to a new disk image`,
          );
        }
      },
      boot(atBytes, bytes) {
        if (Buffer.compare(bytes, zeros.subarray(0, bytes.length)) !== 0) {
          boot.write(atBytes, bytes);
        }
      },
      usr(atBytes, bytes) {
        usr.write(atBytes, bytes);
        if (atBytes + bytes.length > usrBytes - usrIdBytes) {
          end = Buffer.concat([end, bytes.subarray(Math.max(0, usrBytes - usrIdBytes - atBytes))]);
        }
      },
    });
    await image.settle();
    // The identity is looked for at the end of the partition, which may be larger here.
    usr.write(usr.sizeBytes - usrIdBytes, end);
    usr.fsync();
    boot.fsync();
  } finally {
    usr.close();
    boot.close();
  }
}

async function copyKernel(kernel: Kernel, disk: BootDisk, other: Slot): Promise<void> {
  kernel.mkdir(bootFolder, { mode: 0o700 });
  const readOnly = ["-t", "vfat", "-o", "ro,loop,nosuid,nodev,noexec"];
  await runChecked(kernel, ["mount", ...readOnly, bootImage, bootFolder]);
  try {
    await withBootPartition(kernel, disk, async (partition) => {
      const folder = partition.slotFolder(other);
      await runChecked(kernel, ["mkdir", "-p", folder]);
      for (const name of slotFiles) {
        await runChecked(kernel, ["cp", `${bootFolder}/boot/a/${name}`, `${folder}/${name}.new`]);
        kernel.syncFilesystem(folder);
        await runChecked(kernel, ["mv", "-f", `${folder}/${name}.new`, `${folder}/${name}`]);
        kernel.syncFilesystem(folder);
      }
      partition.setEnvironment({ slot: disk.running, tried: other });
    });
  } finally {
    await runChecked(kernel, ["umount", bootFolder]);
  }
}

/** Has every further boot use the slot that this one runs from, after it came up. */
export async function confirmSlot(kernel: Kernel): Promise<Slot> {
  const disk = findBootDisk(kernel);
  await withBootPartition(kernel, disk, async (partition) => {
    partition.setEnvironment({ slot: disk.running, tried: undefined });
  });
  return disk.running;
}

/** Has every further boot use the other slot, if there is a whole one. */
export async function goBack(kernel: Kernel): Promise<Slot> {
  const disk = findBootDisk(kernel);
  const other = otherSlot(disk.running);
  await withBootPartition(kernel, disk, async (partition) => {
    if (!slotFiles.every((name) => kernel.exists(`${partition.slotFolder(other)}/${name}`))) {
      throw new Error("there is no other version on this disk");
    }
    partition.setEnvironment({ slot: other, tried: undefined });
  });
  return other;
}
