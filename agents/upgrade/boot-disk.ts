import { findDosTable } from "../automount/content/dos-table.ts";
import { findNode } from "../automount/observe/block-devices.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { MountEntry } from "../kernel/mounts.ts";
import { runChecked } from "../kernel/run-checked.ts";
import {
  environmentText,
  type GrubEnvironment,
  otherSlot,
  parseEnvironment,
  type Slot,
} from "./grub-environment.ts";

/** Where the boot partition is mounted while something is done with it. */
const folder = "/run/boot2podman/boot-partition";
const environmentPath = `${folder}/EFI/debian/grubenv`;

/** Number of the partition with the /usr of each slot. */
const partitionOf: Readonly<Record<Slot, number>> = { a: 2, b: 3 };

/** The disk image that this system runs from. */
export interface BootDisk {
  disk: string;
  /** Of the /usr that is in use. */
  running: Slot;
  /** Node of the partition for the /usr of the other slot. */
  otherUsr: string;
}

/** Finds it by where /usr is mounted from. Throws when the system doesn't run from a disk image. */
export function findBootDisk(kernel: Kernel): BootDisk {
  const source = usrSource(kernel);
  for (const disk of kernel.listIfPresent("/sys/block")) {
    for (const running of ["a", "b"] as const) {
      if (findNode(kernel, disk, partitionOf[running]) !== source) {
        continue;
      }
      const boot = findNode(kernel, disk, 1);
      const otherUsr = findNode(kernel, disk, partitionOf[otherSlot(running)]);
      if (boot !== undefined && otherUsr !== undefined && hasBootPartition(kernel, disk)) {
        return { disk, running, otherUsr };
      }
    }
  }
  const from = source === "" || source.startsWith("/dev/loop") ? "RAM" : source;
  throw new Error(
    `this system's /usr is in ${from}, not on a disk image with places for two versions: boot another image instead`,
  );
}

/** Under whatever lies over it. */
function usrSource(kernel: Kernel): string {
  const isUsr = (mount: MountEntry) => mount.target === "/usr" && mount.type === "squashfs";
  return kernel.mounts().find(isUsr)?.source ?? "";
}

function hasBootPartition(kernel: Kernel, disk: string): boolean {
  const device = kernel.openBlockDevice(`/dev/${disk}`, "read");
  try {
    const entries = findDosTable(device.read(0, 512), 512) ?? [];
    return entries.some(({ number, typeCode }) => number === 1 && typeCode === "ef");
  } finally {
    device.close();
  }
}

/** What can be done with the boot partition while it is mounted. */
export interface BootPartition {
  environment: GrubEnvironment;
  /** Where a slot's kernel and initrd lie. */
  slotFolder(slot: Slot): string;
  /** In one write of one sector. */
  setEnvironment(environment: GrubEnvironment): void;
}

/** Mounts the boot partition, lets `use` work with it, and unmounts it flushed. */
export async function withBootPartition<T>(
  kernel: Kernel,
  { disk }: BootDisk,
  use: (partition: BootPartition) => Promise<T>,
): Promise<T> {
  const node = findNode(kernel, disk, 1) ?? "";
  kernel.mkdir(folder, { mode: 0o700 });
  // The shell's mount loads what the kernel needs for it.
  const options = "nosuid,nodev,noexec,umask=077";
  await runChecked(kernel, ["mount", "-t", "vfat", "-o", options, node, folder]);
  try {
    const read = kernel.openBlockDevice(environmentPath, "read");
    const text = Buffer.from(read.read(0, 4096)).toString("latin1");
    read.close();
    return await use({
      environment: parseEnvironment(text),
      slotFolder: (slot) => `${folder}/boot/${slot}`,
      setEnvironment(environment) {
        kernel.syncFilesystem(folder);
        const file = kernel.openBlockDevice(environmentPath, "write");
        file.write(0, Buffer.from(environmentText(environment)));
        file.fsync();
        file.close();
      },
    });
  } finally {
    await runChecked(kernel, ["umount", folder]);
  }
}
