import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { fatLabel, type ReadAt } from "./fat-label.ts";
import { isoLabels } from "./iso-labels.ts";

const blockFolder = "/sys/block";
const label = "cidata";

/** A disk, partition or CD with that label and a filesystem that we can read. */
export interface NoCloudDisk {
  node: string;
  type: "iso9660" | "vfat";
}

/**
 * Finds the disk labelled "cidata", in small or capital letters (cloud-init: "NoCloud"): an ISO 9660 or FAT filesystem
 * on a whole disk, a CD or a partition. Only a few sectors are read of each.
 */
export function findNoCloud(kernel: Kernel): NoCloudDisk | undefined {
  for (const name of candidates(kernel)) {
    const node = `/dev/${name.replaceAll("!", "/")}`;
    const type = typeOf(kernel, node);
    if (type !== undefined) {
      return { node, type };
    }
  }
  return undefined;
}

/**
 * What tells whether findNoCloud would look at the same disks as before: their names, with the numbers that the kernel
 * counts up with each medium (kernel: Documentation/ABI/stable/sysfs-block, diskseq).
 */
export function disksInSight(kernel: Kernel): string {
  return wholeDisks(kernel)
    .map((name) => {
      const sequence = kernel.readTextIfPresent(`${blockFolder}/${name}/diskseq`)?.trim() ?? "";
      return [name, sequence, ...partitionsOf(kernel, name)].join(" ");
    })
    .join("\n");
}

/** Whole disks first: a partition has the label of the disk around it on hybrid images. */
function candidates(kernel: Kernel): string[] {
  const disks = wholeDisks(kernel);
  return [...disks, ...disks.flatMap((name) => partitionsOf(kernel, name))];
}

function wholeDisks(kernel: Kernel): string[] {
  return kernel
    .listIfPresent(blockFolder)
    .filter((name) => !/^(loop|ram|zram|dm-|md|fd|nbd)/.test(name));
}

function partitionsOf(kernel: Kernel, disk: string): string[] {
  return kernel
    .listIfPresent(`${blockFolder}/${disk}`)
    .filter((name) => kernel.exists(`${blockFolder}/${disk}/${name}/partition`));
}

/** The filesystem with that label, or undefined; what can't be read has none. */
function typeOf(kernel: Kernel, node: string): NoCloudDisk["type"] | undefined {
  try {
    const device = kernel.openBlockDevice(node, "read");
    try {
      const read: ReadAt = (offset, length) => device.read(offset, length);
      if (isoLabels(read)?.some(isOurs)) {
        return "iso9660";
      }
      return isOurs(fatLabel(read)) ? "vfat" : undefined;
    } finally {
      device.close();
    }
  } catch (error) {
    // A drive without a medium can't be opened; a disk that can't be read is automount's to report.
    if (error instanceof KernelError) {
      return undefined;
    }
    throw error;
  }
}

function isOurs(found: string | undefined): boolean {
  return found?.toLowerCase() === label;
}
