import type { Kernel } from "../kernel/kernel.ts";
import { hasCode } from "../kernel/kernel-error.ts";
import { runFolder } from "./places.ts";

/** The system's own /usr, without any extension. */
export const basePath = `${runFolder}/base`;
const nextPath = `${runFolder}/next`;
/** mount(2) takes a page of options. */
const longestOptionBytes = 4000;

/** Makes the system's own /usr reachable for as long as the system runs, in a mount of its own. */
export function keepBase(kernel: Kernel): void {
  kernel.mkdir(basePath);
  if (kernel.mounts().some(({ target }) => target === basePath)) {
    return;
  }
  kernel.mount({ source: "/usr", target: basePath, flags: ["bind", "rec"] });
  kernel.mount({ source: "none", target: basePath, flags: ["private", "rec"] });
}

/** Whether an overlay of ours lies over /usr. */
export function isMerged(kernel: Kernel): boolean {
  const top = kernel.mounts().findLast(({ target }) => target === "/usr");
  return top?.type === "overlay";
}

/**
 * Makes /usr of `above`, the system's own, and `below`; of nothing but the system's own when both are empty. Whoever
 * looks sees the /usr before or the one after; programs that run keep the one that they were started from.
 */
export function merge(kernel: Kernel, above: readonly string[], below: readonly string[]): void {
  const before = isMerged(kernel);
  if (above.length + below.length > 0) {
    const options = `lowerdir=${[...above, basePath, ...below].join(":")}`;
    if (options.length > longestOptionBytes) {
      throw new Error("that many extensions don't fit into one overlay");
    }
    kernel.mkdir(nextPath);
    kernel.mount({
      source: "extensions",
      target: nextPath,
      type: "overlay",
      // Not nosuid: the system's own doas is below. No extension has a setuid file.
      flags: ["ro", "nodev"],
      options,
    });
    try {
      bindSubmounts(kernel);
      // Else what is taken off here would be taken off its copy over /usr too.
      kernel.mount({ source: "none", target: nextPath, flags: ["private", "rec"] });
      show(kernel, before);
    } finally {
      kernel.unmount(nextPath, ["detach"]);
    }
  } else if (before) {
    kernel.unmount("/usr", ["detach"]);
  }
}

/** An overlay doesn't see what is mounted inside of its layers: busybox, whose file in the image is empty. */
function bindSubmounts(kernel: Kernel): void {
  const inside = kernel.mounts().filter(({ target }) => target.startsWith(`${basePath}/`));
  for (const { target } of inside) {
    const place = `${nextPath}${target.slice(basePath.length)}`;
    kernel.mount({ source: target, target: place, flags: ["bind"] });
  }
}

function show(kernel: Kernel, isReplaced: boolean): void {
  if (isReplaced) {
    try {
      kernel.mountBeneath(nextPath, "/usr");
      kernel.unmount("/usr", ["detach"]);
      return;
    } catch (error) {
      // Before Linux 6.5.
      if (!hasCode(error, "EINVAL", "ENOSYS")) {
        throw error;
      }
    }
    kernel.unmount("/usr", ["detach"]);
  }
  kernel.mount({ source: nextPath, target: "/usr", flags: ["bind", "rec"] });
}
