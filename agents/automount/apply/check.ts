import type { BlockDevice } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { Ext4 } from "../content/content.ts";
import {
  descriptorBytes,
  descriptorsOffset,
  findExt,
  firstCopy,
  hasMagic,
  type SuperblockCopy,
  superblockBytes,
  superblockOffset,
} from "../content/ext4.ts";
import { isOwnCopy, type Witness, withMendedChecksum } from "../content/torn-superblock.ts";
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
    const found = findExt4(kernel, node);
    if (found === undefined) {
      return checked;
    }
    const copy = findCopy(kernel, node, found);
    if (mendChecksum(kernel, node, found, copy)) {
      const mended = await runCheck(kernel, node, []);
      const message = `its superblock was half written and has been repaired; ${mended.message}`;
      if (!mended.lacksSuperblock) {
        return { ...mended, message };
      }
    }
    if (copy === undefined) {
      return checked;
    }
    if (!isCopyOfThis(kernel, node, found, copy)) {
      const message = `its superblock is damaged, and at block ${copy.block}, where its copy belongs, lies that of another filesystem; nothing was changed`;
      return { sound: false, message };
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
 * the whole filesystem, on a disk of terabytes for the better part of an hour; the copies may be torn as well; and a
 * filesystem of less than 128 MiB has none.
 */
function mendChecksum(
  kernel: Kernel,
  node: string,
  ext4: Ext4,
  copy: SuperblockCopy | undefined,
): boolean {
  const device = kernel.openBlockDevice(node, "write");
  try {
    const superblock = device.read(superblockOffset, superblockBytes);
    if (superblock.length < superblockBytes) {
      return false;
    }
    const mended = withMendedChecksum(superblock, witnessOf(device, ext4, copy));
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
 * What bears a superblock out. What lies at a copy's place beyond the filesystem's own end is none of its copies, but
 * what an earlier filesystem left there.
 */
function witnessOf(device: BlockDevice, ext4: Ext4, copy: SuperblockCopy | undefined): Witness {
  const place = copy === undefined ? undefined : copy.block * copy.blockBytes;
  const isBeyond = place !== undefined && ext4.sizeBytes > 0 && place >= ext4.sizeBytes;
  return place === undefined || isBeyond
    ? { is: "descriptor", bytes: device.read(descriptorsOffset(ext4.blockBytes), descriptorBytes) }
    : { is: "copy", superblock: device.read(place, superblockBytes) };
}

/** By a copy that is another filesystem's, e2fsck would make this one into the ruins of that. */
function isCopyOfThis(kernel: Kernel, node: string, ext4: Ext4, copy: SuperblockCopy): boolean {
  const device = kernel.openBlockDevice(node, "read");
  try {
    return isOwnCopy(
      device.read(superblockOffset, superblockBytes),
      device.read(copy.block * copy.blockBytes, superblockBytes),
      device.read(descriptorsOffset(ext4.blockBytes), descriptorBytes),
    );
  } finally {
    device.close();
  }
}

/** What the superblock says of its filesystem; undefined when it can't be read. */
function findExt4(kernel: Kernel, node: string): Ext4 | undefined {
  const device = kernel.openBlockDevice(node, "read");
  try {
    const found = findExt(device.read(0, 4096));
    return found?.type === "ext4" ? found.ext4 : undefined;
  } finally {
    device.close();
  }
}

/**
 * Where the first copy of the superblock lies, if one is there: a filesystem with one group has none. `e2fsck -p`
 * doesn't look for it by itself.
 */
function findCopy(kernel: Kernel, node: string, ext4: Ext4): SuperblockCopy | undefined {
  const copy = firstCopy(ext4);
  const device = kernel.openBlockDevice(node, "read");
  try {
    return hasMagic(device.read(copy.block * copy.blockBytes, superblockBytes)) ? copy : undefined;
  } finally {
    device.close();
  }
}
