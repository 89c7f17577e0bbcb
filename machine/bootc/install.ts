import { chmod, open, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as z from "zod";
import { isDiskFull, systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { noRoomFor } from "../error/system-failure.ts";
import { lastLine, runProgram } from "../program/run.ts";
import { captureSsh, followSsh } from "../ssh/session.ts";
import { shellWords } from "../ssh/words.ts";
import { syncFolder, writeFileAtomic } from "../store/write-file.ts";
import type { Builder } from "./builder.ts";
import { readJson } from "./config-file.ts";
import { markDisk, markOfDisk } from "./disk-meta.ts";
import { findDisk, isInside, notBlank } from "./guest-disk.ts";
import { loadFilesystems } from "./guest-filesystems.ts";
import type { GuestImage } from "./guest-image.ts";
import type { BootcPlace } from "./place.ts";

const serial = "bootc-disk";
const installTimeoutMs = 6 * 3_600_000;
const convertTimeoutMs = 600_000;

/** What is asked of `bootc install`. */
export interface InstallOptions {
  readonly filesystem: string | undefined;
  /** In bootc's own words, such as 8G. */
  readonly rootSize: string | undefined;
  /** For RUST_LOG; undefined: bootc's own. */
  readonly log: string | undefined;
  readonly isQuiet: boolean;
}

/**
 * podman-bootc's own call (its README), but for the disk: one that is plugged in needs no loop device, and nothing is
 * copied afterwards.
 */
const script = `
image=$1 serial=$2 log=$3 filesystem=$4
shift 4
${findDisk}${isInside}${loadFilesystems}
status=0
podman run --rm --replace --name=bootc-install -i --pid=host --user=root:root --privileged \\
  --security-opt=label=type:unconfined_t --volume=/dev:/dev \\
  --volume=/var/lib/containers:/var/lib/containers \${log:+--env=RUST_LOG=$log} \\
  "$image" bootc install to-disk --generic-image --skip-fetch-check "$@" "$disk" </dev/null || status=$?
sync
blockdev --flushbufs "$disk"
exit $status
`;

/** The words after the options that are always the same. */
export function installWords({ filesystem, rootSize }: InstallOptions): string[] {
  return [
    ...(filesystem === undefined ? [] : ["--filesystem", filesystem]),
    ...(rootSize === undefined ? [] : [`--root-size=${rootSize}`]),
  ];
}

/**
 * Installs an image to a file, which gets its name when it is whole: a command that is killed leaves NAME.new, which
 * the next one replaces.
 */
export async function installToFile(
  builder: Builder,
  image: GuestImage,
  wanted: { path: string; format: "raw" | "qcow2"; sizeBytes: number },
  options: InstallOptions,
): Promise<void> {
  const path = resolve(wanted.path);
  const unfinished = `${path}.new`;
  await rm(unfinished, { force: true });
  try {
    await makeEmpty(unfinished, wanted.format, wanted.sizeBytes);
    const disk = { path: unfinished, format: wanted.format, serial, isReadOnly: false };
    await builder.withDisk(disk, () => install(builder, image, options));
    if (wanted.format === "raw") {
      await markDisk(unfinished, image.id);
    }
    const file = await open(unfinished, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw isDiskFull(error) ? noRoomFor(path, error) : error;
  }
  await syncFolder(dirname(path));
}

async function makeEmpty(path: string, format: "raw" | "qcow2", sizeBytes: number): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.write(notBlank);
    await file.truncate(format === "raw" ? sizeBytes : notBlank.length);
  } finally {
    await file.close();
  }
  if (format === "raw") {
    return;
  }
  // Converted, so that the disk isn't blank; and then as large as it shall be.
  const converted = `${path}.qcow2`;
  await qemuImg(["convert", "-f", "raw", "-O", "qcow2", path, converted]);
  await chmod(converted, 0o600);
  await rename(converted, path);
  await qemuImg(["resize", "-q", "-f", "qcow2", path, String(sizeBytes)]);
}

async function qemuImg(words: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram("qemu-img", words, { timeoutMs: convertTimeoutMs });
  if (exitCode !== 0) {
    throw new MachineError(
      `qemu-img ${words[0]} failed: ${lastLine(stderr) || "it gave no reason"}`,
    );
  }
}

async function install(
  builder: Builder,
  image: GuestImage,
  options: InstallOptions,
): Promise<void> {
  const { log = "", filesystem = "" } = options;
  const words = ["sh", "-c", script, "bootc", image.id, serial, log, filesystem];
  const command = [shellWords([...words, ...installWords(options)])];
  const what = `"bootc install to-disk" of ${image.repoTag}`;
  if (!options.isQuiet) {
    const status = await followSsh(builder.target, command);
    if (status !== 0) {
      throw new MachineError(`${what} ended with status ${status}: its own words are above.`);
    }
    return;
  }
  const { exitCode, stderr } = await captureSsh(builder.target, command, installTimeoutMs);
  if (exitCode !== 0) {
    throw new MachineError(`${what} failed: ${lastLine(stderr) || `status ${exitCode}`}`, {
      cause: new Error(stderr),
    });
  }
}

const known = z.object({ imageDigest: z.string(), sizeBytes: z.int() });

/** The size of the disk that was made of this image before; undefined when there is none. */
export async function knownDisk(place: BootcPlace): Promise<number | undefined> {
  const sizeBytes = await sizeOf(place.disk);
  if (sizeBytes === undefined) {
    return undefined;
  }
  const written = await readJson(place.diskMeta, known);
  const from = written?.imageDigest ?? (await markOfDisk(place.disk));
  // One whose growing was cut short is as large as it was said to be before.
  return from === place.id ? (written?.sizeBytes ?? sizeBytes) : undefined;
}

/** Makes the disk of a place. */
export async function makeDisk(
  builder: Builder,
  image: GuestImage,
  place: BootcPlace,
  sizeBytes: number,
  options: InstallOptions,
): Promise<void> {
  await rm(place.diskMeta, { force: true });
  // Written by another disk's firmware.
  await rm(place.variables, { force: true });
  await installToFile(builder, image, { path: place.disk, format: "raw", sizeBytes }, options);
  await noteSize(place, sizeBytes);
}

/** Notes that a disk was made of its place's image, and is as large as this. */
export async function noteSize(place: BootcPlace, sizeBytes: number): Promise<void> {
  const meta = { imageDigest: place.id, sizeBytes };
  await writeFileAtomic(place.diskMeta, `${JSON.stringify(meta)}\n`, 0o600);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
