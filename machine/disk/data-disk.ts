import { chmod, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import { lastLine, runProgram } from "../program/run.ts";
import { mebibyte } from "./mebibyte.ts";
import { userdataArchive } from "./userdata-archive.ts";

const qemuImgTimeoutMs = 60_000;

/** The size that the guest sees: what was asked for, beyond the archive at the start. */
export function virtualSizeBytes(sizeMib: number, archiveBytes: number): number {
  return sizeMib * mebibyte + archiveBytes;
}

/**
 * Makes the data disk of a machine: the archive with its key at offset 0, then zeros. The file
 * holds only what was written (some 200 kB), and grows as the guest fills the disk.
 * Throws a {@link MachineError} when qemu-img is missing or fails, as on a full host disk.
 */
export async function makeDataDisk(options: {
  path: string;
  folder: string;
  publicKey: string;
  sizeMib: number;
}): Promise<void> {
  const archive = userdataArchive({ publicKey: options.publicKey });
  const raw = join(options.folder, "userdata.tar");
  await writeFile(raw, archive, { mode: 0o600 });
  await qemuImg(["convert", "-f", "raw", "-O", "qcow2", raw, options.path], options.path);
  await chmod(options.path, 0o600);
  const sizeBytes = virtualSizeBytes(options.sizeMib, archive.length);
  await qemuImg(["resize", "-q", "-f", "qcow2", options.path, String(sizeBytes)], options.path);
  await rm(raw);
}

/**
 * Makes a disk larger; the guest's filesystem follows at the next boot. The disk keeps what it has
 * beyond whole MiB, which is the archive that it started with.
 * Throws a {@link MachineError} when it is larger already, or qemu-img fails.
 */
export async function growDataDisk(path: string, sizeMib: number): Promise<void> {
  const text = await qemuImg(["info", "--output=json", path], path);
  const found: unknown = JSON.parse(text);
  const before = virtualSize.parse(found)["virtual-size"];
  const sizeBytes = virtualSizeBytes(sizeMib, before % mebibyte);
  if (sizeBytes < before) {
    throw new MachineError(
      `The disk ${path} has ${Math.floor(before / mebibyte)} MiB and can only grow.`,
    );
  }
  await qemuImg(["resize", "-q", "-f", "qcow2", path, String(sizeBytes)], path);
}

const virtualSize = z.object({ "virtual-size": z.number() });

/** Throws when the disk of a machine isn't there. */
export async function checkDisk(path: string, name: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    throw new MachineError(
      `The disk of "${name}" is missing: ${path}. Restore it from a backup, or remove the machine (podman-machine rm ${name}) and create it again.`,
      { cause: error },
    );
  }
}

async function qemuImg(args: readonly string[], path: string): Promise<string> {
  const result = await runProgram("qemu-img", args, { timeoutMs: qemuImgTimeoutMs });
  if (result.exitCode !== 0) {
    const found = result.timedOut ? "no answer within a minute" : lastLine(result.stderr);
    throw new MachineError(
      /No space left/.test(result.stderr)
        ? `The disk ${path} could not be made: there is no space on the host's disk.`
        : `The disk ${path} could not be made: ${found}`,
    );
  }
  return result.stdout;
}
