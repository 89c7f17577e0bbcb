import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isDiskFull, systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { imagesInUse } from "../store/images-in-use.ts";
import { withLock } from "../store/lock.ts";
import { syncFolder } from "../store/write-file.ts";
import { type CachedHashes, cachedHashes, imageCache, writeDescription } from "./cached-image.ts";
import { hashOf } from "./hash.ts";
import { type BootImage, type ImageFile, imageDamaged, imageMissing } from "./image.ts";

/** The one in use and the one used before it stay, and those that machines may step back to. */
const keptImages = 2;
/** The kernel looks for the next archive at a multiple of four (buffer-format.rst, "initramfs"). */
const alignmentBytes = 4;
const copyTimeoutMs = 120_000;
/** The kernel's name in the cache. */
export const kernelName = "vmlinuz64";
const initrdName = "initrd";
const usrDiskName = "usr.img";
/** What the files of an image are called in the cache. */
export const cachedNames = {
  kernel: kernelName,
  initrd: initrdName,
  usrDisk: usrDiskName,
} as const;

/** What QEMU is given: one kernel, one initrd. */
export interface KernelFiles {
  readonly kernel: string;
  readonly initrd: string;
  /** /usr as a read-only disk, one file for all machines; undefined when it is in the initrd. */
  readonly usrDisk: string | undefined;
}

/**
 * The kernel, initrd and disk of an image: with /usr on a disk the initrd is the small one that mounts it,
 * else both joined, since QEMU takes one. They are made once for an image and kept in the store's cache,
 * with their hashes checked on the way; a build that replaces the image's folder meanwhile disturbs nobody.
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
  const files = async () => filesOf(folder, await cachedHashes(store, image.id));
  if (await isSound(store, image)) {
    await markUsed(folder);
    return files();
  }
  const lock = { store, name: ".images", command: "start", timeoutMs: copyTimeoutMs };
  return withLock(lock, async () => {
    if (!(await isSound(store, image))) {
      if (await exists(folder)) {
        warn(`${folder} has changed since it was written: it is made again.`);
        await rm(folder, { recursive: true });
      }
      await make(folder, image);
      await prune(cache, new Set([image.id, ...(await imagesInUse(store))]));
    }
    return files();
  });
}

/**
 * The same of an image in the cache, at once: whether they are whole is said when it is asked. A guest that goes on
 * from memory reads none of them before it runs.
 */
export async function kernelFilesAtOnce(
  store: string,
  image: BootImage,
): Promise<{ files: KernelFiles; checkWhole(): Promise<void> }> {
  const folder = join(imageCache(store), image.id);
  const hashes = await cachedHashes(store, image.id);
  return {
    files: filesOf(folder, hashes),
    async checkWhole() {
      if (!(await isSound(store, image))) {
        throw new MachineError(`The image in ${folder} is no longer there.`);
      }
    },
  };
}

function filesOf(folder: string, hashes: CachedHashes | undefined): KernelFiles {
  return {
    kernel: join(folder, kernelName),
    initrd: join(folder, initrdName),
    usrDisk: hashes?.usrDisk && join(folder, usrDiskName),
  };
}

/**
 * Whether the cached files are those that were written. An image that is only in the cache, of
 * which an older version wrote no hashes, can't be compared with anything, nor made again.
 */
async function isSound(store: string, image: BootImage): Promise<boolean> {
  const folder = join(imageCache(store), image.id);
  if (!(await exists(folder))) {
    return false;
  }
  const isOnlyThere = image.initrds.length === 0;
  const hashes = await cachedHashes(store, image.id);
  if (hashes === undefined) {
    return isOnlyThere;
  }
  const isSame = await areCachedFilesWhole(folder, hashes);
  if (!isSame && isOnlyThere) {
    throw new MachineError(
      `The kernel, initrd or disk in ${folder} has changed since it was written: choose another image with "podman-machine upgrade --image FOLDER".`,
    );
  }
  return isSame;
}

/** Whether a folder of the cache holds the files with these hashes; without hashes none is known. */
export async function areCachedFilesWhole(
  folder: string,
  hashes: CachedHashes | undefined,
): Promise<boolean> {
  if (hashes === undefined) {
    return false;
  }
  const written = [
    [kernelName, hashes.kernel],
    [initrdName, hashes.initrd],
    ...(hashes.usrDisk === undefined ? [] : [[usrDiskName, hashes.usrDisk]]),
  ];
  const same = await Promise.all(
    written.map(async ([name = "", hash]) => (await hashOf(join(folder, name))) === hash),
  );
  return same.every(Boolean);
}

async function make(folder: string, image: BootImage): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  try {
    const { usrDisk } = image;
    const write = (parts: readonly ImageFile[], name: string) =>
      concatenate(parts, join(unfinished, name), image.folder);
    const kernel = await write([image.kernel], kernelName);
    const initrd = await write(usrDisk ? image.initrds.slice(0, 1) : image.initrds, initrdName);
    const more = usrDisk ? { usrDisk: await write([usrDisk], usrDiskName) } : {};
    await writeDescription(unfinished, image, { kernel, initrd, ...more });
    await rename(unfinished, folder);
    await syncFolder(join(folder, ".."));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (isDiskFull(error)) {
      throw new MachineError(
        `No space on the host's disk for the kernel, initrd and disk in ${folder}.`,
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
    throw imageDamaged(part.path);
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

/** What was used last goes last. */
export async function markUsed(folder: string): Promise<void> {
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
