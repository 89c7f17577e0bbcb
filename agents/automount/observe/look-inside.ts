import type { Flavour } from "../../flavour/flavour.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { SuperblockCopy } from "../content/ext4.ts";
import { readLastMachine } from "../disk/last-machine.ts";

const lookout = "/run/boot2podman/look";

/** What an installed system has in its root and a data disk doesn't. */
const systemFiles = [
  "etc/os-release",
  "usr/lib/os-release",
  "etc/fstab",
  "etc/passwd",
  "sbin/init",
  "usr/sbin/init",
  "bin/sh",
  "usr/bin/sh",
];

/** What was found inside a filesystem, or what kept us from looking. */
export type Look<T> = { found: T } | { refused: KernelError };

/** Whether the ext4 filesystem is an operating system's root; undefined when it can't be looked into. */
export function holdsSystem(kernel: Kernel, node: string): boolean | undefined {
  return foundOf(
    lookInside(kernel, node, (folder) =>
      systemFiles.some((file) => kernel.lstat(`${folder}/${file}`) !== undefined),
    ),
  );
}

/** Which machine used a data filesystem last; undefined when it doesn't say, or can't be looked into. */
export function lastMachineOf(kernel: Kernel, node: string, flavour: Flavour): string | undefined {
  return foundOf(lookInside(kernel, node, (folder) => readLastMachine(kernel, folder, flavour)));
}

/** The plan takes unknown for the worse and leaves the filesystem alone. */
function foundOf<T>(look: Look<T>): T | undefined {
  return "found" in look ? look.found : undefined;
}

/**
 * Mounts an ext4 filesystem read-only and without replaying its journal, so that nothing is written, and takes it
 * off again; with a copy of the superblock where the first one is damaged. What the kernel refuses on the way is given; whatever else `look` throws is thrown.
 */
export function lookInside<T>(
  kernel: Kernel,
  node: string,
  look: (folder: string) => T,
  copy?: SuperblockCopy,
): Look<T> {
  // The kernel counts in KiB here, whatever the block size is (kernel: Documentation/admin-guide/ext4.rst).
  const superblock = copy === undefined ? "" : `,sb=${(copy.block * copy.blockBytes) / 1024}`;
  try {
    kernel.mkdir(lookout, { mode: 0o700 });
    kernel.mount({
      source: node,
      target: lookout,
      type: "ext4",
      flags: ["ro", "nosuid", "nodev", "noexec"],
      options: `noload${superblock}`,
    });
  } catch (error) {
    return refusalIn(error);
  }
  try {
    return { found: look(lookout) };
  } catch (error) {
    return refusalIn(error);
  } finally {
    kernel.unmount(lookout);
  }
}

/** Anything but a refusal of the kernel is a mistake of ours and must be seen. */
function refusalIn(error: unknown): { refused: KernelError } {
  if (!(error instanceof KernelError)) {
    throw error;
  }
  return { refused: error };
}
