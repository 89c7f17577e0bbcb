import type { Kernel } from "../../kernel/kernel.ts";

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

/**
 * Whether the ext4 filesystem is an operating system's root; undefined when it can't be looked into. It is
 * mounted read-only and without replaying its journal, so nothing is written.
 */
export function holdsSystem(kernel: Kernel, node: string): boolean | undefined {
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
    // Unknown is as good as "yes": the plan then leaves the filesystem alone and says so.
    return undefined;
  }
  try {
    return systemFiles.some((file) => kernel.lstat(`${lookout}/${file}`) !== undefined);
  } finally {
    kernel.unmount(lookout);
  }
}
