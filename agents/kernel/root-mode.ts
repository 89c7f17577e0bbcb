import type { MountEntry } from "./mounts.ts";

/** How the system's root is kept: the kernel's own rootfs (embed) or a filesystem of its own. */
export function rootMode(mounts: readonly MountEntry[]): "embed" | "noembed" {
  const root = mounts.findLast((mount) => mount.target === "/");
  return root?.type === "rootfs" || root?.type === "ramfs" ? "embed" : "noembed";
}
