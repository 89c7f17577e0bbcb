import type { Flavour } from "../flavour/flavour.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { mountData } from "./apply/mount-data.ts";
import { seedHome, seedHomeFromDisk } from "./apply/seed-home.ts";
import { startsWith } from "./archive/archive.ts";
import { findExt } from "./content/ext4.ts";
import { listDisks } from "./observe/block-devices.ts";

const superblockEnd = 2048;

/**
 * For a stage that failed: brings the user's keys into RAM from the one data filesystem, or from the one disk with
 * the magic, that can be found by a glance. Nothing is written to any disk. Gives what was done, in words.
 */
export function seedHomePlainly(kernel: Kernel, flavour: Flavour): string {
  if (kernel.exists(`${flavour.user.home}/.ssh/authorized_keys`)) {
    return "the user's keys are there";
  }
  const starts = listDisks(kernel)
    .filter(({ kind }) => kind === "disk")
    .flatMap((disk) => [disk, ...disk.partitions])
    .filter(({ inUse }) => inUse === undefined)
    .map(({ node }) => ({ node, start: readStart(kernel, node) }));
  const labelled = starts.filter(({ start }) => {
    const found = findExt(start);
    return found?.type === "ext4" && found.ext4.label === flavour.label;
  });
  const [filesystem] = labelled;
  if (filesystem !== undefined && labelled.length === 1) {
    const wish = { readOnly: true, damaged: true, discard: false };
    return seedHome(kernel, mountData(kernel, filesystem.node, wish), flavour);
  }
  const marked = starts.filter(({ start }) => startsWith(start, flavour.magic));
  const [disk] = marked;
  if (disk !== undefined && marked.length === 1) {
    return seedHomeFromDisk(kernel, disk.node, flavour);
  }
  return "no single disk to take the user's keys from";
}

/** Nothing for a device that can't be read. */
function readStart(kernel: Kernel, node: string): Uint8Array {
  try {
    const device = kernel.openBlockDevice(node, "read");
    try {
      return device.read(0, superblockEnd);
    } finally {
      device.close();
    }
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    return new Uint8Array();
  }
}
