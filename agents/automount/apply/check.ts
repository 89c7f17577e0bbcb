import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import {
  findExt,
  firstCopy,
  type SuperblockCopy,
  superblockBytes,
  superblockOffset,
} from "../content/ext4.ts";
import { withMendedChecksum } from "../content/torn-superblock.ts";
import { loadExt4 } from "../observe/ext4-module.ts";

/** A full check of a large disk takes hours; the boot doesn't wait for it. */
const checkTimeout = { quietMs: 3_600_000, mostMs: 24 * 3_600_000 };

/** What e2fsck made of a filesystem. */
export interface Checked {
  sound: boolean;
  /** What e2fsck did or found, in a line. */
  message: string;
}

/**
 * Checks an ext4 filesystem that isn't mounted; it repairs what is safe to repair. Returns at once when the
 * filesystem is clean. Never throws for what it finds: what can't be repaired leads to a read-only mount. Calls
 * `beforeRestoring` when the superblock has to come from its copy: the whole filesystem is checked then.
 *
 * e2fsck(8): status 0 no errors, 1 errors corrected, 2 corrected and a reboot wanted (of a mounted root); from 4
 * on errors are left or the check didn't work.
 */
export async function checkFilesystem(
  kernel: Kernel,
  node: string,
  beforeRestoring: (copy: SuperblockCopy) => unknown = () => undefined,
): Promise<Checked> {
  // Loaded meanwhile the module costs no time.
  const loaded = loadExt4(kernel);
  try {
    const checked = await runCheck(kernel, node, []);
    if (checked.sound || !checked.lacksSuperblock) {
      return checked;
    }
    const copy = findCopy(kernel, node);
    if (copy === undefined) {
      return checked;
    }
    if (mendChecksum(kernel, node, copy)) {
      const mended = await runCheck(kernel, node, []);
      const message = `its superblock was half written and has been repaired; ${mended.message}`;
      if (!mended.lacksSuperblock) {
        return { ...mended, message };
      }
    }
    await loaded;
    await beforeRestoring(copy);
    const options = ["-b", String(copy.block), "-B", String(copy.blockBytes)];
    const again = await runCheck(kernel, node, options);
    return again.sound
      ? { sound: true, message: `superblock restored from its copy; ${again.message}` }
      : checked;
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    return { sound: false, message: `not checked: ${error.message}` };
  } finally {
    await loaded;
  }
}

async function runCheck(
  kernel: Kernel,
  node: string,
  options: readonly string[],
): Promise<Checked & { lacksSuperblock: boolean }> {
  const command = ["e2fsck", "-p", ...options, node];
  const { exitCode, stdout, stderr } = await kernel.run(command, { timeoutMs: checkTimeout });
  const said = `${stdout}\n${stderr}`
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  const lacksSuperblock = exitCode >= 8 && /superblock/i.test(`${stdout}${stderr}`);
  if (exitCode === 0) {
    return { sound: true, message: "clean", lacksSuperblock };
  }
  if (exitCode < 4) {
    return { sound: true, message: `repaired: ${said[0] ?? ""}`, lacksSuperblock };
  }
  const found = said.find((line) => line.includes("INCONSISTENCY")) ?? said.at(-1) ?? "";
  const message = `${command.join(" ")} ended with ${exitCode}: ${found}`;
  return { sound: false, message, lacksSuperblock };
}

/**
 * Mends a superblock of which a power cut left one half (see withMendedChecksum). By a copy, e2fsck would go through
 * the whole filesystem, on a disk of terabytes for the better part of an hour; and the copies may be torn as well.
 */
function mendChecksum(kernel: Kernel, node: string, copy: SuperblockCopy): boolean {
  const device = kernel.openBlockDevice(node, "write");
  try {
    const superblock = device.read(superblockOffset, superblockBytes);
    const other = device.read(copy.block * copy.blockBytes, superblockBytes);
    if (superblock.length < superblockBytes || other.length < superblockBytes) {
      return false;
    }
    const mended = withMendedChecksum(superblock, other);
    if (mended === undefined) {
      return false;
    }
    // The half with the checksum: one sector, which is written whole or not at all.
    const half = superblockBytes / 2;
    device.write(superblockOffset + half, mended.subarray(half));
    device.fsync();
    return true;
  } finally {
    device.close();
  }
}

/**
 * Where the first copy of the superblock lies. `e2fsck -p` doesn't look for it by itself. Undefined when the block size
 * can't be read.
 */
function findCopy(kernel: Kernel, node: string): SuperblockCopy | undefined {
  const device = kernel.openBlockDevice(node, "read");
  try {
    const found = findExt(device.read(0, 4096));
    return found?.type === "ext4" ? firstCopy(found.ext4) : undefined;
  } finally {
    device.close();
  }
}
