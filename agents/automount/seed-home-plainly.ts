import type { Flavour } from "../flavour/flavour.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { folderOf, type Mounted, mountData } from "./apply/mount-data.ts";
import { hasHostKeys, seedHome, seedHomeFromDisk } from "./apply/seed-home.ts";
import { startsWith } from "./archive/archive.ts";
import { findExt } from "./content/ext4.ts";
import { listDisks } from "./observe/block-devices.ts";
import { loadExt4 } from "./observe/ext4-module.ts";

const superblockEnd = 2048;

/**
 * For a stage that failed: brings the host's and the user's keys into RAM from the one data filesystem, or from the one disk with
 * the magic, that can be found by a glance. Nothing is written to any disk. Gives what was done, in words.
 */
export async function seedHomePlainly(kernel: Kernel, flavour: Flavour): Promise<string> {
  const isMounted = kernel.mounts().some(({ target }) => target === flavour.stateFolder);
  const hasUserKeys = kernel.exists(`${flavour.user.home}/.ssh/authorized_keys`);
  if (hasUserKeys && (isMounted || hasHostKeys(kernel, flavour))) {
    return "the user's keys are there";
  }
  const starts = listDisks(kernel)
    .filter(({ kind }) => kind === "disk")
    .flatMap((disk) => [disk, ...disk.partitions])
    .map(({ node, inUse }) => ({ node, mounted: mountedAt(kernel, node), inUse }))
    .filter(({ inUse, mounted }) => inUse === undefined || mounted !== undefined)
    .map((found) => ({ ...found, start: readStart(kernel, found.node) }));
  const labelled = starts.filter(({ start }) => {
    const found = findExt(start);
    return found?.type === "ext4" && found.ext4.label === flavour.label;
  });
  const [filesystem] = labelled;
  if (filesystem !== undefined && labelled.length === 1) {
    const wish = { readOnly: true, damaged: true, discard: false };
    await loadExt4(kernel);
    const { node, mounted } = filesystem;
    return seedHome(kernel, mounted ?? mountData(kernel, node, wish), flavour);
  }
  const marked = starts.filter(({ start }) => startsWith(start, flavour.magic));
  const [disk] = marked;
  if (disk !== undefined && marked.length === 1) {
    return seedHomeFromDisk(kernel, disk.node, flavour);
  }
  return "no single disk to take the user's keys from";
}

/** Where the stage had mounted it before it failed: there it is only read from then on. */
function mountedAt(kernel: Kernel, node: string): Mounted | undefined {
  const folder = folderOf(node);
  const isThere = kernel
    .mounts()
    .some(({ source, target }) => source === node && target === folder);
  return isThere ? { node, folder, readOnly: true, refusal: undefined } : undefined;
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
