import { constants } from "node:fs";
import { copyFile, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { type BootImage, imageArchitecture } from "./image.ts";

const DESCRIPTION = "image.json";
const ISO = "boot2podman.iso";

const description = z.object({
  version: z.string(),
  architecture: imageArchitecture,
  commandLine: z.string(),
});

/** Where a store keeps the images that its machines booted. */
export function imageCache(store: string): string {
  return join(store, "cache", "images");
}

/** Writes beside the cached files what the manifest said of them. */
export async function writeDescription(folder: string, image: BootImage): Promise<void> {
  const { version, architecture, commandLine } = image;
  const text = JSON.stringify({ version, architecture, commandLine });
  await writeFile(join(folder, DESCRIPTION), `${text}\n`, { mode: 0o600 });
}

/** An image by its id, wherever it came from. Throws when the cache has it no more. */
export async function cachedImage(store: string, id: string): Promise<BootImage> {
  const folder = join(imageCache(store), id);
  try {
    const said = description.parse(JSON.parse(await readFile(join(folder, DESCRIPTION), "utf8")));
    return {
      folder,
      ...said,
      kernel: { path: join(folder, "vmlinuz64"), sha256: "" },
      initrds: [],
      iso: join(folder, ISO),
      id,
    };
  } catch (error) {
    throw new MachineError(
      `The image ${id} isn't in ${imageCache(store)} any more: choose another with "podman-machine upgrade --image FOLDER".`,
      { cause: error },
    );
  }
}

/** The ISO of an image in the cache, copied there once: a build can replace the other meanwhile. */
export async function cachedIso(store: string, image: BootImage): Promise<string> {
  const path = join(imageCache(store), image.id, ISO);
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
