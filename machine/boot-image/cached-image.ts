import { constants } from "node:fs";
import { copyFile, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { type BootImage, imageArchitecture } from "./image.ts";

const descriptionName = "image.json";
const isoName = "boot2podman.iso";

const description = z.object({
  version: z.string(),
  architecture: imageArchitecture,
  commandLine: z.string(),
  /** SHA-256 of the cached kernel and of the joined initrds; what older versions wrote has none. */
  hashes: z.object({ kernel: z.string(), initrd: z.string() }).optional(),
});

/** What the cached files of an image were when they were written. */
export type CachedHashes = NonNullable<z.infer<typeof description>["hashes"]>;

/** The hashes that were written down; undefined when there are none, or nothing that can be read. */
export async function cachedHashes(store: string, id: string): Promise<CachedHashes | undefined> {
  try {
    const text = await readFile(join(imageCache(store), id, descriptionName), "utf8");
    return description.parse(JSON.parse(text)).hashes;
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
): Promise<void> {
  const { version, architecture, commandLine } = image;
  const text = JSON.stringify({ version, architecture, commandLine, hashes });
  await writeFile(join(folder, descriptionName), `${text}\n`, { mode: 0o600 });
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
      iso: join(folder, isoName),
      id,
    };
  } catch (error) {
    throw new MachineError(
      `The image ${id} is no longer in ${imageCache(store)}: choose another with "podman-machine upgrade --image FOLDER".`,
      { cause: error },
    );
  }
}

/** The ISO of an image in the cache, copied there once: a build can replace the other meanwhile. */
export async function cachedIso(store: string, image: BootImage): Promise<string> {
  const path = join(imageCache(store), image.id, isoName);
  try {
    await stat(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") {
      throw error;
    }
    const unfinished = `${path}.${process.pid}.new`;
    await copyFile(image.iso, unfinished, constants.COPYFILE_FICLONE);
    await rename(unfinished, path);
  }
  return path;
}
