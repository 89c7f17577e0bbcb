import * as fs from "node:fs";
import { hasCode, KernelError } from "../kernel-error.ts";
import { asKernelError, attempt } from "./attempt.ts";
import { descriptorPath, withDescriptor } from "./descriptor.ts";
import { kindOf } from "./file-stat.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NOCTTY, O_NONBLOCK, O_RDONLY } = fs.constants;

/**
 * Opens a regular file that is no link. Opening a fifo would wait for its other side, and a device may do anything.
 * Throws KernelError: EINVAL for what is no regular file, ELOOP for a link.
 */
export function openRegular(operation: string, path: string, flags: number): number {
  return attempt(operation, path, () => {
    // Opening alone sets some devices going: a watchdog, a tape.
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile() && !found.isSymbolicLink()) {
      throw new KernelError(operation, path, "EINVAL", { detail: `it is a ${kindOf(found)}` });
    }
    const fd = fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o644);
    if (!fs.fstatSync(fd).isFile()) {
      fs.closeSync(fd);
      throw new KernelError(operation, path, "EINVAL", { detail: "it is not a regular file" });
    }
    return fd;
  });
}

/** The names of a path below `root`. Throws EINVAL for a path that is absolute or contains "..". */
export function componentsOf(root: string, relativePath: string): string[] {
  const names = relativePath.split("/").filter((name) => name !== "" && name !== ".");
  if (relativePath.startsWith("/") || names.includes("..")) {
    throw new KernelError("open", `${root}/${relativePath}`, "EINVAL", {
      detail: 'the path contains ".." or is absolute',
    });
  }
  return names;
}

/** Opens a folder that is no link; errors name `asked`. Throws KernelError: ENOTDIR for a link or what is no folder. */
export function openFolder(path: string, asked: string): number {
  // The path of a descriptor is a link to the kernel; what it leads to was opened without following any.
  const target = /^\/proc\/self\/fd\/\d+$/.test(path) ? `${path}/.` : path;
  return attempt("open", asked, () => fs.openSync(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

/** Opens each component through the descriptor of the one before, so that no link is followed. Throws KernelError. */
export function openBeneath(root: string, relativePath: string): number {
  let fd = openFolder(root, root);
  for (const name of componentsOf(root, relativePath)) {
    const outer = fd;
    fd = withDescriptor(outer, () =>
      openFolder(`${descriptorPath(outer)}/${name}`, `${root}/${relativePath}`),
    );
  }
  return fd;
}

/** Whether the folder was made; false when something of that name exists. Throws KernelError. */
export function makeFolder(path: string): boolean {
  try {
    fs.mkdirSync(path, 0o700);
    return true;
  } catch (error) {
    const refusal = asKernelError("mkdir", path, error);
    if (hasCode(refusal, "EEXIST")) {
      return false;
    }
    throw refusal;
  }
}
