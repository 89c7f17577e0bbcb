import type { Kernel } from "./kernel.ts";

/**
 * Binds a folder over another one, as a mount of its own: what is mounted below one of them later doesn't appear below
 * the other too. A bind alone shares that with the mount that it shows a part of (mount_namespaces(7), "peer group").
 */
export function bindApart(kernel: Kernel, source: string, target: string): void {
  kernel.mount({ source, target, flags: ["bind"] });
  kernel.mount({ source: "none", target, flags: ["private"] });
  // Containers still see what comes later, as everywhere else.
  kernel.mount({ source: "none", target, flags: ["shared"] });
}
