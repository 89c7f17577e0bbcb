import { createHash } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { withLock } from "../store/lock.ts";
import { syncFolder } from "../store/write-file.ts";
import { addHashes, cachedHashes, imageCache } from "./cached-image.ts";
import { hashOf } from "./hash.ts";
import type { BootImage } from "./image.ts";
import { kernelName } from "./kernel-files.ts";
import { pvhKernel } from "./pvh-kernel.ts";

const emulatedName = "vmlinux";
const makeTimeoutMs = 120_000;

/**
 * The kernel of an image as an emulation starts it faster, uncompressed (see {@link pvhKernel}). It is made once,
 * from the cached bzImage, and kept beside it; like that it is believed by its hash alone. Undefined when the
 * kernel can't be started so, or when there is no place for it, which is said: the bzImage does as well.
 *
 * @param image one whose files are in the cache.
 */
export async function emulatedKernel(
  store: string,
  image: BootImage,
  warn: (text: string) => void,
): Promise<string | undefined> {
  const folder = join(imageCache(store), image.id);
  const path = join(folder, emulatedName);
  if (await isWhole(store, image, path)) {
    return path;
  }
  const lock = { store, name: ".images", command: "start", timeoutMs: makeTimeoutMs };
  return withLock(lock, async () => {
    if (await isWhole(store, image, path)) {
      return path;
    }
    const hashes = await cachedHashes(store, image.id);
    const bzImage = await readFile(join(folder, kernelName));
    // What an older version left in the cache has no hash to believe it by.
    const kernel = sha256(bzImage) === hashes?.kernel ? await pvhKernel(bzImage) : undefined;
    if (kernel === undefined) {
      return undefined;
    }
    try {
      await write(path, kernel);
      await addHashes(store, image.id, { vmlinux: sha256(kernel) });
      return path;
    } catch (error) {
      if (systemErrorCode(error) !== "ENOSPC") {
        throw error;
      }
      warn(
        `No space on the host's disk for the uncompressed kernel ${path}: the machine starts the compressed one, which takes longer.`,
      );
      return undefined;
    }
  });
}

async function isWhole(store: string, image: BootImage, path: string): Promise<boolean> {
  const written = (await cachedHashes(store, image.id))?.vmlinux;
  return written !== undefined && (await hashOf(path)) === written;
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A QEMU that runs may have the old one open, so it is replaced. */
async function write(path: string, bytes: Buffer): Promise<void> {
  const unfinished = `${path}.new`;
  try {
    const file = await open(unfinished, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    await syncFolder(join(path, ".."));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
