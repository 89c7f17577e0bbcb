import { chmod, link, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { lastLine, runProgram } from "../program/run.ts";

const qemuImgTimeoutMs = 60_000;

/** Whether a file holds a disk as it was when it was saved. Nothing writes it any more. */
function isBase(name: string): boolean {
  return /^base-[0-9a-f]+\.qcow2$/.test(name);
}

/**
 * Makes a disk that holds only what differs from a base in the same folder. The base is named without a folder, so that
 * a store can be moved.
 */
export async function makeOverlay(path: string, base: string): Promise<void> {
  await rm(path, { force: true });
  const args = ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, path];
  const result = await runProgram("qemu-img", args, { timeoutMs: qemuImgTimeoutMs });
  if (result.exitCode !== 0) {
    throw new MachineError(
      `The disk ${path} could not be made: ${lastLine(result.stderr) || "no answer within a minute"}`,
    );
  }
  await chmod(path, 0o600);
}

/** The disks that a disk in this folder is laid over. */
export async function basesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(isBase);
}

/**
 * Gives another folder the disks of one, as further names of the same files: each lasts as long as anybody has it, and
 * takes no room twice.
 */
export async function linkBases(from: string, to: string): Promise<void> {
  for (const name of await basesIn(from)) {
    await linkFile(join(from, name), join(to, name));
  }
}

/** A further name of a file; one that is there already stays. */
export async function linkFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EPERM" || code === "ENOTSUP" || code === "EMLINK") {
      throw new MachineError(
        `${to} can't be a further name of ${from} (${code}): the store has to lie on a filesystem with hard links.`,
        { cause: error },
      );
    }
    if (code !== "EEXIST") {
      throw error;
    }
  }
}
