import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";

const sectorBytes = 2048;
/** The primary volume descriptor (ECMA-119, 8.4), and its volume identifier. */
const descriptorOffset = 16 * sectorBytes;
const volumeIdOffset = 40;
/** Labels in the boot sectors of FAT12/16 and FAT32. */
const fatLabelOffsets = [43, 71];

/** A disk or CD with that label and a filesystem that we can read. */
export interface NoCloudDisk {
  node: string;
  type: "iso9660" | "vfat";
}

/**
 * Finds the disk labelled "cidata" (cloud-init: "NoCloud"), an ISO 9660 or FAT filesystem on a whole disk or CD. Only
 * a few sectors are read of each.
 */
export function findNoCloud(kernel: Kernel): NoCloudDisk | undefined {
  for (const name of kernel.listIfPresent("/sys/block")) {
    if (/^(loop|ram|zram|dm-|md|fd|nbd)/.test(name)) {
      continue;
    }
    const node = `/dev/${name.replaceAll("!", "/")}`;
    const type = typeOf(kernel, node);
    if (type !== undefined) {
      return { node, type };
    }
  }
  return undefined;
}

/** The filesystem with that label, or undefined; what can't be read has none. */
function typeOf(kernel: Kernel, node: string): "iso9660" | "vfat" | undefined {
  try {
    const device = kernel.openBlockDevice(node, "read");
    try {
      const text = (offset: number, length: number) =>
        Buffer.from(device.read(offset, length)).toString("latin1").trimEnd().toLowerCase();
      const descriptor = text(descriptorOffset, volumeIdOffset + 32);
      if (descriptor.slice(1, 6) === "cd001" && descriptor.slice(volumeIdOffset) === "cidata") {
        return "iso9660";
      }
      const isFat = fatLabelOffsets.some((offset) => text(offset, 11) === "cidata");
      return isFat ? "vfat" : undefined;
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
