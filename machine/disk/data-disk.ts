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
  const text = await qemuImg(["info", "--output=json", path], path, "made larger");
  const found: unknown = JSON.parse(text);
  const before = virtualSize.parse(found)["virtual-size"];
  const sizeBytes = virtualSizeBytes(sizeMib, before % mebibyte);
  if (sizeBytes < before) {
    throw new MachineError(
      `The disk ${path} has ${Math.floor(before / mebibyte)} MiB and can only grow.`,
    );
  }
  await qemuImg(["resize", "-q", "-f", "qcow2", path, String(sizeBytes)], path, "made larger");
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

/** As qemu-img makes them. */
const clusterBytes = 65_536;

const checkReply = z.object({
  corruptions: z.number().default(0),
  leaks: z.number().default(0),
  "allocated-clusters": z.number().default(0),
  "image-end-offset": z.number().default(0),
});

/**
 * Looks for damage in a disk that nobody uses; QEMU itself would start with it, and what is written then destroys
 * more. It reads what is said of the clusters, not them: 0.2 s for 200 GB. Throws when it is damaged; a check that
 * takes too long is told, and not waited for.
 */
export async function checkQcow2(
  path: string,
  name: string,
  warn: (text: string) => void,
): Promise<void> {
  const args = ["check", "-f", "qcow2", "--output=json", path];
  const { exitCode, stdout, stderr, timedOut } = await runProgram("qemu-img", args, {
    timeoutMs: qemuImgTimeoutMs,
  });
  if (timedOut) {
    warn(
      `The disk of "${name}", ${path}, could not be checked within a minute: it is used as it is.`,
    );
    return;
  }
  // QEMU itself says of a disk in use that it is in use.
  if (/Failed to get .*lock/.test(stderr)) {
    return;
  }
  const backup = "Nothing was started. Restore it from a backup";
  if (exitCode === 0 || exitCode === 2 || exitCode === 3) {
    const found = errorsIn(checkReply.parse(JSON.parse(stdout)), (await stat(path)).size);
    if (found === undefined) {
      return;
    }
    throw new MachineError(
      `The disk of "${name}" is damaged: "qemu-img check" finds ${found} in ${path}. ${backup}, or copy it and repair it with "qemu-img check -r all", which loses what can't be found.`,
    );
  }
  const found = firstReason(stderr);
  throw new MachineError(
    `The disk of "${name}", ${path}, can't be used: ${found}. ${backup}, or remove the machine (podman-machine rm ${name}) and create it again.`,
  );
}

/**
 * What a check found wrong; undefined when nothing is. Clusters that belong to nothing, as after a power cut, harm
 * nobody, unless they are all that there is: then the table of what belongs to whom is gone.
 */
function errorsIn(reply: z.infer<typeof checkReply>, fileBytes: number): string | undefined {
  const { corruptions, leaks, "allocated-clusters": allocated } = reply;
  if (corruptions > 0 || (leaks > 0 && allocated === 0)) {
    return `${corruptions + leaks} errors`;
  }
  // The last cluster need not be there as a whole.
  return fileBytes + clusterBytes <= reply["image-end-offset"]
    ? `the end at ${reply["image-end-offset"]} bytes, and there are ${fileBytes}`
    : undefined;
}

/** Why qemu-img could not open an image, without its own name and the file's. */
function firstReason(stderr: string): string {
  const line = stderr.split("\n").find((text) => text.trim() !== "") ?? "qemu-img gave no reason";
  return line.replace(/^qemu-img: (Could not open '.*?': )?/, "").trim();
}

async function qemuImg(args: readonly string[], path: string, done = "made"): Promise<string> {
  const result = await runProgram("qemu-img", args, { timeoutMs: qemuImgTimeoutMs });
  if (result.exitCode !== 0) {
    const found = result.timedOut ? "no answer within a minute" : lastLine(result.stderr);
    throw new MachineError(
      /No space left/.test(result.stderr)
        ? `The disk ${path} could not be ${done}: there is no space on the host's disk.`
        : `The disk ${path} could not be ${done}: ${found}`,
    );
  }
  return result.stdout;
}
