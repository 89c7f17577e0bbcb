import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { imagesInUse } from "../store/images-in-use.ts";
import { withLock } from "../store/lock.ts";
import { syncFolder } from "../store/write-file.ts";
import { cachedHashes, imageCache, writeDescription } from "./cached-image.ts";
import { type BootImage, type ImageFile, imageMissing } from "./image.ts";

/** The one in use and the one used before it stay, and those that machines may step back to. */
const keptImages = 2;
/** The kernel looks for the next archive at a multiple of four (buffer-format.rst, "initramfs"). */
const alignmentBytes = 4;
const copyTimeoutMs = 120_000;

/** What QEMU is given: one kernel, one initrd. */
export interface KernelFiles {
  readonly kernel: string;
  readonly initrd: string;
}

/**
 * The kernel and the joined initrds of an image, since QEMU takes one initrd. They are made once
 * for an image and kept in the store's cache, with their hashes checked on the way; a build that
 * replaces the image's folder meanwhile disturbs nobody.
 * What lies in the cache is believed by its hash alone: something else is made again, and said.
 * Throws when a file is missing or differs from its hash.
 */
export async function kernelFiles(
  store: string,
  image: BootImage,
  warn: (text: string) => void = () => undefined,
): Promise<KernelFiles> {
  const cache = imageCache(store);
  const folder = join(cache, image.id);
  const files = { kernel: join(folder, "vmlinuz64"), initrd: join(folder, "initrd") };
  if (await isSound(store, image, files)) {
    await markUsed(folder);
    return files;
  }
  const lock = { store, name: ".images", command: "start", timeoutMs: copyTimeoutMs };
  return withLock(lock, async () => {
    if (!(await isSound(store, image, files))) {
      if (await exists(folder)) {
        warn(`${folder} has changed since it was written: it is made again.`);
        await rm(folder, { recursive: true });
      }
      await make(folder, image);
      await prune(cache, new Set([image.id, ...(await imagesInUse(store))]));
    }
    return files;
  });
}

/**
 * Whether the cached files are those that were written. An image that is only in the cache, of
 * which an older version wrote no hashes, can't be compared with anything, nor made again.
 */
async function isSound(store: string, image: BootImage, files: KernelFiles): Promise<boolean> {
  const folder = join(imageCache(store), image.id);
  if (!(await exists(folder))) {
    return false;
  }
  const isOnlyThere = image.initrds.length === 0;
  const hashes = await cachedHashes(store, image.id);
  if (hashes === undefined) {
    return isOnlyThere;
  }
  const found = await Promise.all([hashOf(files.kernel), hashOf(files.initrd)]);
  const isSame = found[0] === hashes.kernel && found[1] === hashes.initrd;
  if (!isSame && isOnlyThere) {
    throw new MachineError(
      `The kernel or initrd in ${folder} has changed since it was written: choose another image with "podman-machine upgrade --image FOLDER".`,
    );
  }
  return isSame;
}

/** SHA-256 of a file; undefined when there is none. */
async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk);
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  return hash.digest("hex");
}

async function make(folder: string, image: BootImage): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  try {
    const kernel = await concatenate([image.kernel], join(unfinished, "vmlinuz64"), image.folder);
    const initrd = await concatenate(image.initrds, join(unfinished, "initrd"), image.folder);
    await writeDescription(unfinished, image, { kernel, initrd });
    await rename(unfinished, folder);
    await syncFolder(join(folder, ".."));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (systemErrorCode(error) === "ENOSPC") {
      throw new MachineError(
        `No space on the host's disk for the kernel and initrd in ${folder}.`,
        {
          cause: error,
        },
      );
    }
    throw error;
  }
}

/** Writes files one after another, each at a multiple of four bytes. Gives the SHA-256 of the whole. */
async function concatenate(
  parts: readonly ImageFile[],
  path: string,
  folder: string,
): Promise<string> {
  const whole = createHash("sha256");
  const output = await open(path, "wx", 0o600);
  try {
    let sizeBytes = 0;
    for (const part of parts) {
      const padding = Buffer.alloc(paddingBytes(sizeBytes));
      whole.update(padding);
      await output.write(padding);
      sizeBytes += padding.length + (await append(output, part, folder, whole));
    }
    // A cache that a power cut left half-written would fail every later boot.
    await output.sync();
  } finally {
    await output.close();
  }
  return whole.digest("hex");
}

/** How many bytes bring a size to the next multiple of four. */
export function paddingBytes(sizeBytes: number): number {
  return (alignmentBytes - (sizeBytes % alignmentBytes)) % alignmentBytes;
}

async function append(
  output: FileHandle,
  part: ImageFile,
  folder: string,
  whole: Hash,
): Promise<number> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const chunk of createReadStream(part.path, { highWaterMark: 1 << 20 })) {
      const bytes: Buffer = chunk;
      hash.update(bytes);
      whole.update(bytes);
      await output.writeFile(bytes);
      sizeBytes += bytes.length;
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      throw imageMissing(folder, `no ${part.path}`, error);
    }
    throw error;
  }
  if (hash.digest("hex") !== part.sha256) {
    throw new MachineError(
      `${part.path} is damaged: its hash isn't the one in manifest.json. Build it again with "npm run build".`,
    );
  }
  return sizeBytes;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return false;
    }
    throw error;
  }
}

async function markUsed(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now);
}

/** A running QEMU has these files open, so removing old ones takes nothing from it. */
async function prune(cache: string, kept: ReadonlySet<string>): Promise<void> {
  const others = (await readdir(cache)).filter((name) => !kept.has(name));
  const dated = await Promise.all(
    others.map(async (name) => ({ name, usedMs: (await stat(join(cache, name))).mtimeMs })),
  );
  dated.sort((a, b) => b.usedMs - a.usedMs);
  for (const { name } of dated.slice(keptImages - 1)) {
    await rm(join(cache, name), { recursive: true, force: true });
  }
}
