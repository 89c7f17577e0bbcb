import type { Kernel } from "../../kernel/kernel.ts";
import type { Flavour } from "../flavour.ts";
import { readLastMachine } from "../last-machine.ts";

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

/** Whether the ext4 filesystem is an operating system's root; undefined when it can't be looked into. */
export function holdsSystem(kernel: Kernel, node: string): boolean | undefined {
  return lookInside(kernel, node, (folder) =>
    systemFiles.some((file) => kernel.lstat(`${folder}/${file}`) !== undefined),
  );
}

/** Which machine used a data filesystem last; undefined when it doesn't say, or can't be looked into. */
export function lastMachineOf(kernel: Kernel, node: string, flavour: Flavour): string | undefined {
  return lookInside(kernel, node, (folder) => readLastMachine(kernel, folder, flavour));
}

/**
 * Mounts an ext4 filesystem read-only and without replaying its journal, so that nothing is written, and takes it
 * off again. Undefined when that doesn't work: the plan takes unknown for the worse and leaves the filesystem alone.
 */
export function lookInside<T>(
  kernel: Kernel,
  node: string,
  look: (folder: string) => T,
): T | undefined {
  try {
    kernel.mkdir(lookout, { mode: 0o700 });
    kernel.mount({
      source: node,
      target: lookout,
      type: "ext4",
      flags: ["ro", "nosuid", "nodev", "noexec"],
      options: "noload",
    });
  } catch {
    return undefined;
  }
  try {
    return look(lookout);
  } catch {
    return undefined;
  } finally {
    kernel.unmount(lookout);
  }
}
