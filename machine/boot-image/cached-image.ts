import { constants } from "node:fs";
import { copyFile, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { writeFileAtomic } from "../store/write-file.ts";
import { hashOf } from "./hash.ts";
import { type BootImage, imageArchitecture, imageDamaged } from "./image.ts";

const descriptionName = "image.json";
const isoName = "boot2podman.iso";

const description = z.object({
  version: z.string(),
  architecture: imageArchitecture,
  commandLine: z.string(),
  /**
   * SHA-256 of the cached kernel, initrd and disk, and of the uncompressed kernel once an emulation has asked for
   * it; what older versions wrote has none, or no disk.
   */
  hashes: z
    .object({
      kernel: z.string(),
      initrd: z.string(),
      usrDisk: z.string().optional(),
      vmlinux: z.string().optional(),
    })
    .optional(),
  /** SHA-256 of the archive that it was unpacked from. */
  archive: z.string().optional(),
});

/** What the cached files of an image were when they were written. */
export type CachedHashes = NonNullable<z.infer<typeof description>["hashes"]>;

/** The hashes that were written down; undefined when there are none, or nothing that can be read. */
export async function cachedHashes(store: string, id: string): Promise<CachedHashes | undefined> {
  return (await readDescription(store, id))?.hashes;
}

/** The SHA-256 of the archive that an image came from; undefined when it came from a folder. */
export async function cachedArchive(store: string, id: string): Promise<string | undefined> {
  return (await readDescription(store, id))?.archive;
}

async function readDescription(
  store: string,
  id: string,
): Promise<z.infer<typeof description> | undefined> {
  try {
    const text = await readFile(join(imageCache(store), id, descriptionName), "utf8");
    return description.parse(JSON.parse(text));
  } catch (error) {
    const isUnreadable =
      error instanceof SyntaxError ||
      error instanceof z.ZodError ||
      systemErrorCode(error) === "ENOENT";
    if (isUnreadable) {
      return undefined;
    }
    throw error;
  }
}

/** Where a store keeps the images that its machines booted. */
export function imageCache(store: string): string {
  return join(store, "cache", "images");
}

/** Writes beside the cached files what the manifest said of them. */
export async function writeDescription(
  folder: string,
  image: BootImage,
  hashes: CachedHashes,
  archive?: string,
): Promise<void> {
  const { version, architecture, commandLine } = image;
  const text = JSON.stringify({ version, architecture, commandLine, hashes, archive });
  await writeFile(join(folder, descriptionName), `${text}\n`, { mode: 0o600 });
}

/** Writes the hashes of files that came later beside those of the others. */
export async function addHashes(
  store: string,
  id: string,
  more: Partial<CachedHashes>,
): Promise<void> {
  const path = join(imageCache(store), id, descriptionName);
  const said = description.parse(JSON.parse(await readFile(path, "utf8")));
  const hashes = { ...said.hashes, ...more };
  await writeFileAtomic(path, `${JSON.stringify({ ...said, hashes })}\n`, 0o600);
}

/** An image by its id, wherever it came from. Throws when the cache has it no more. */
export async function cachedImage(store: string, id: string): Promise<BootImage> {
  const folder = join(imageCache(store), id);
  try {
    const said = description.parse(
      JSON.parse(await readFile(join(folder, descriptionName), "utf8")),
    );
    return {
      folder,
      ...said,
      kernel: { path: join(folder, "vmlinuz64"), sha256: "" },
      initrds: [],
      usrDisk: undefined,
      iso: join(folder, isoName),
      isoHash: undefined,
      id,
    };
  } catch (error) {
    throw new MachineError(
      `The image ${id} is no longer in ${imageCache(store)}: choose another with "podman-machine upgrade --image FOLDER".`,
      { cause: error },
    );
  }
}

/** The ISO of an image in the cache, copied there once: a build can replace the other meanwhile. Throws when it is damaged. */
export async function cachedIso(store: string, image: BootImage): Promise<string> {
  const path = join(imageCache(store), image.id, isoName);
  try {
    await stat(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") {
      throw error;
    }
    const unfinished = `${path}.${process.pid}.new`;
    try {
      await copyFile(image.iso, unfinished, constants.COPYFILE_FICLONE);
      if (image.isoHash !== undefined && (await hashOf(unfinished)) !== image.isoHash) {
        throw imageDamaged(image.iso);
      }
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }
  return path;
}
