import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { MountFlag } from "../../kernel/mounts.ts";

/** Where a filesystem of a data disk is mounted: /mnt/sda1. */
export interface Mounted {
  node: string;
  folder: string;
  readOnly: boolean;
  /** Why it could not be mounted for writing, where that was tried. */
  refusal: string | undefined;
}

interface Wish {
  readOnly: boolean;
  /** Errors are left on it: its journal is not replayed, so that nothing more is written. */
  damaged: boolean;
  discard: boolean;
}

/** "/dev/sda1" → "/mnt/sda1" */
export function folderOf(node: string): string {
  return `/mnt/${node.slice(node.lastIndexOf("/") + 1)}`;
}

/**
 * Blocks are given to a file when it is written and not when it is flushed: what a program flushes then brings all
 * files with it that were written before. Podman flushes its lists of layers and containers, and not the files of
 * the layers: without this a power cut up to half a minute later leaves listed layers of empty files. Kernel:
 * Documentation/admin-guide/ext4.rst, data=ordered and delalloc.
 */
const inOrder = "nodelalloc";

/**
 * Programs with setuid and devices of a disk that was elsewhere are of no effect. Those of containers' images are:
 * they are reached by overlay's mounts, which have flags of their own.
 */
const harmless: readonly MountFlag[] = ["nosuid", "nodev", "noatime"];

/**
 * Mounts the data filesystem, read-only where writing isn't possible. Throws the KernelError of the first
 * attempt when nothing works; nothing is written then.
 */
export function mountData(kernel: Kernel, node: string, wish: Wish): Mounted {
  const folder = folderOf(node);
  kernel.mkdir(folder, { mode: 0o755 });
  const attempts: { flags: MountFlag[]; options: string[] }[] = [
    {
      flags: [...harmless],
      options: ["errors=remount-ro", inOrder, ...(wish.discard ? ["discard"] : [])],
    },
    { flags: ["ro", ...harmless], options: [] },
    { flags: ["ro", ...harmless], options: ["noload"] },
  ];
  const first = wish.damaged ? 2 : wish.readOnly ? 1 : 0;
  let refusal: KernelError | undefined;
  for (const { flags, options } of attempts.slice(first)) {
    try {
      kernel.mount({
        source: node,
        target: folder,
        type: "ext4",
        flags,
        options: options.join(","),
      });
      return { node, folder, readOnly: flags.includes("ro"), refusal: refusal?.message };
    } catch (error) {
      if (!(error instanceof KernelError)) {
        throw error;
      }
      refusal ??= withReason(kernel, node, error);
    }
  }
  throw refusal ?? new KernelError("mount", node, "EINVAL");
}

/**
 * The kernel tells the caller a number alone (ESRCH, EINVAL, EROFS), and its log why: a feature that it doesn't know, a module
 * that isn't there.
 */
function withReason(kernel: Kernel, node: string, error: KernelError): KernelError {
  const name = `EXT4-fs (${node.slice(node.lastIndexOf("/") + 1)}): `;
  const line = kernel
    .readKernelLog()
    .split("\n")
    .findLast((one) => one.includes(name));
  if (line === undefined) {
    return error;
  }
  const detail = `the kernel: ${line.slice(line.indexOf(name) + name.length).trim()}`;
  return new KernelError(error.operation, error.path, error.code, { detail, cause: error });
}
