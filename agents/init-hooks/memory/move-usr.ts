import type { FileKind } from "../../kernel/files.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import { findStateMount, stateFolder, usrMovedPath } from "../../kernel/state-folder.ts";
import { mebibyte } from "../../units/bytes.ts";

/** Where the copy lies; the file's folder is root's alone. */
export const usrCopyPath = `${stateFolder}/usr/usr.squashfs`;
/** What stays free of a disk that takes the copy. */
const spareBytes = 64 * mebibyte;
const timeout = { timeoutMs: { quietMs: 120_000 }, givesWay: true };

/**
 * Moves a /usr that lies in RAM onto the data disk while all of it is in use, and gives the RAM back. What is on the
 * disk is compared with what is in RAM, byte for byte and as the disk has it, before anything is read from there:
 * a copy of an earlier boot too. Throws, and /usr stays where it is, when it isn't in RAM
 * anyway, when there is no disk, no room, or when the disk doesn't give back what was written.
 */
export async function moveUsr(kernel: Kernel): Promise<void> {
  const mounts = kernel.mounts();
  const source = mounts.find(({ target }) => target === "/usr")?.source ?? "";
  const [, loop] = /^\/dev\/(loop\d+)$/.exec(source) ?? [];
  if (loop === undefined) {
    throw new Error(`it is on ${source} already`);
  }
  const disk = findStateMount(mounts);
  if (disk === undefined || disk.options.includes("ro")) {
    throw new Error("boot2podman.usr=disk needs a data disk");
  }
  const sizeBytes = Number(kernel.readText(`/sys/block/${loop}/size`)) * 512;
  const run = (...argv: string[]) => runChecked(kernel, argv, timeout);
  const isSame = async (path: string) => {
    const found = kernel.lstat(path);
    const mayBe = found?.kind === "file" && found.sizeBytes === sizeBytes;
    return mayBe && (await kernel.run(["cmp", "-s", source, path], timeout)).exitCode === 0;
  };
  const folder = usrCopyPath.slice(0, usrCopyPath.lastIndexOf("/"));
  const unfinished = `${usrCopyPath}.new`;
  const removeUnless = (kind: FileKind | undefined, path: string) => {
    const found = kernel.lstat(path);
    if (found !== undefined && found.kind !== kind) {
      kernel.unlink(path);
    }
  };
  removeUnless("folder", folder);
  kernel.mkdir(folder, { mode: 0o700 });
  removeUnless(undefined, unfinished);
  if (!(await isSame(usrCopyPath))) {
    // Of another version, or damaged. Nobody reads from it: this boot has not moved yet.
    removeUnless(undefined, usrCopyPath);
    try {
      const roomBytes = sizeBytes + spareBytes;
      await run("fallocate", "-l", String(roomBytes), unfinished).catch((error: unknown) => {
        if (!/no space/i.test(String(error))) {
          throw error;
        }
        const room = `${Math.ceil(roomBytes / mebibyte)} MiB`;
        throw new Error(`needs ${room} of free space there; it stays in RAM`, { cause: error });
      });
      await run("truncate", "-s", String(sizeBytes), unfinished);
      kernel.chmod(unfinished, 0o600);
      await run("dd", `if=${source}`, `of=${unfinished}`, "bs=1M", "conv=notrunc,fsync");
      // What is compared comes from the disk then, and not from memory.
      kernel.writePlain("/proc/sys/vm/drop_caches", "1");
      if (!(await isSame(unfinished))) {
        throw new KernelError("read", unfinished, "EIO", { detail: "not what was written" });
      }
      kernel.rename(unfinished, usrCopyPath);
      kernel.fsync(folder);
    } catch (error) {
      removeUnless(undefined, unfinished);
      throw error;
    }
  }
  kernel.writePlain(usrMovedPath, "");
  try {
    kernel.changeLoopFile(source, usrCopyPath);
  } catch (error) {
    kernel.unlink(usrMovedPath);
    throw error;
  }
}
