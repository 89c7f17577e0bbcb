import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { withoutMark } from "../store/read-file.ts";

const kernelName = "vmlinuz64";
/** In the order in which the kernel reads them. */
const initrdNames = ["corepure64.gz", "boot2podman.gz"] as const;
/** /usr as a disk; images before it had none. */
const usrDiskName = "boot2podman-usr.img";
const isoName = "boot2podman.iso";

/** The architectures that images are built for. */
export const imageArchitecture = z.enum(["amd64", "arm64"]);

/** What a machine needs to know of the image's manifest; an image of another version has this too. */
const manifest = z.object({
  version: z.string(),
  arch: imageArchitecture,
  kernel: z.object({ commandLine: z.string() }),
  artifacts: z.array(z.object({ name: z.string(), sha256: z.string() })),
});

/** The architecture of an image, in Debian's words. */
export type ImageArchitecture = z.infer<typeof imageArchitecture>;

/** A file of the image and the hash that the build gave it. */
export interface ImageFile {
  readonly path: string;
  readonly sha256: string;
}

/** An image that a build left in a folder. */
export interface BootImage {
  readonly folder: string;
  readonly version: string;
  readonly architecture: ImageArchitecture;
  readonly commandLine: string;
  readonly kernel: ImageFile;
  /** What mounts /usr, and /usr itself for RAM. */
  readonly initrds: readonly ImageFile[];
  /** /usr as a read-only disk, which takes the place of the second initrd. */
  readonly usrDisk: ImageFile | undefined;
  readonly iso: string;
  /** SHA-256 of the ISO; undefined where no manifest has it. */
  readonly isoHash: string | undefined;
  /** The same for the same bytes of kernel, initrds and disk. */
  readonly id: string;
}

/** What a build says of its image. */
type Manifest = z.infer<typeof manifest>;

/** Reads what is said of the image in a folder. Throws when it is missing or not whole. */
export async function findImage(folder: string): Promise<BootImage> {
  return imageOf(folder, await readManifest(folder));
}

/** The image whose manifest has this text. Throws when that isn't one. */
export function readImage(folder: string, text: string): BootImage {
  return imageOf(folder, parseManifest(folder, text));
}

function imageOf(folder: string, said: Manifest): BootImage {
  const fileIfListed = (name: string): ImageFile | undefined => {
    const artifact = said.artifacts.find((one) => one.name === name);
    return artifact && { path: join(folder, name), sha256: artifact.sha256 };
  };
  const fileOf = (name: string): ImageFile => {
    const file = fileIfListed(name);
    if (file === undefined) {
      throw imageMissing(folder, `manifest.json lists no ${name}`);
    }
    return file;
  };
  const kernel = fileOf(kernelName);
  const initrds = initrdNames.map(fileOf);
  const usrDisk = fileIfListed(usrDiskName);
  return {
    folder,
    version: said.version,
    architecture: said.arch,
    commandLine: said.kernel.commandLine,
    kernel,
    initrds,
    usrDisk,
    iso: join(folder, isoName),
    isoHash: fileIfListed(isoName)?.sha256,
    id: identity([kernel, ...initrds, ...(usrDisk ? [usrDisk] : [])]),
  };
}

/**
 * The image in the folder of a machine that the podman-machine before this one made: an ISO alone,
 * whose kernel isn't ours to start.
 */
export function isoAlone(folder: string): BootImage {
  return {
    folder,
    version: "",
    architecture: "amd64",
    commandLine: "",
    kernel: { path: "", sha256: "" },
    initrds: [],
    usrDisk: undefined,
    iso: join(folder, isoName),
    isoHash: undefined,
    id: "",
  };
}

/** The error for an image that can't be used, and how to come by one. */
export function imageMissing(folder: string, found: string, cause?: unknown): MachineError {
  return new MachineError(
    `There is no complete image in ${folder}: ${found}. Build it with "npm run build", or name its folder or archive with --image.`,
    { cause },
  );
}

/** The error for a file of an image that isn't what the build made. */
export function imageDamaged(path: string): MachineError {
  return new MachineError(
    `${path} is damaged: its hash isn't the one in manifest.json. Build it again with "npm run build".`,
  );
}

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, "manifest.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const absent = systemErrorCode(error) === "ENOENT";
    throw imageMissing(folder, absent ? "no manifest.json" : "manifest.json can't be read", error);
  }
  return parseManifest(folder, text);
}

function parseManifest(folder: string, text: string): Manifest {
  try {
    return manifest.parse(JSON.parse(withoutMark(text)));
  } catch (error) {
    throw new MachineError(
      `${join(folder, "manifest.json")} isn't a manifest of an image: build it again with "npm run build".`,
      {
        cause: error,
      },
    );
  }
}

function identity(files: readonly ImageFile[]): string {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(file.sha256);
  }
  return hash.digest("hex").slice(0, 16);
}
