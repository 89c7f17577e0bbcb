import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";

const kernelName = "vmlinuz64";
/** In the order in which the kernel reads them. */
const initrdNames = ["corepure64.gz", "boot2podman.gz"] as const;
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
  readonly initrds: readonly ImageFile[];
  readonly iso: string;
  /** The same for the same bytes of kernel and initrds. */
  readonly id: string;
}

/** Reads what is said of the image in a folder. Throws when it is missing or not whole. */
export async function findImage(folder: string): Promise<BootImage> {
  const said = await readManifest(folder);
  const fileOf = (name: string): ImageFile => {
    const artifact = said.artifacts.find((one) => one.name === name);
    if (artifact === undefined) {
      throw imageMissing(folder, `manifest.json lists no ${name}`);
    }
    return { path: join(folder, name), sha256: artifact.sha256 };
  };
  const kernel = fileOf(kernelName);
  const initrds = initrdNames.map(fileOf);
  return {
    folder,
    version: said.version,
    architecture: said.arch,
    commandLine: said.kernel.commandLine,
    kernel,
    initrds,
    iso: join(folder, isoName),
    id: identity([kernel, ...initrds]),
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
    iso: join(folder, isoName),
    id: "",
  };
}

/** The error for an image that can't be used, and how to come by one. */
export function imageMissing(folder: string, found: string, cause?: unknown): MachineError {
  return new MachineError(
    `There is no complete image in ${folder}: ${found}. Build it with "npm run build", or name its folder with --image.`,
    { cause },
  );
}

async function readManifest(folder: string): Promise<z.infer<typeof manifest>> {
  const path = join(folder, "manifest.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const absent = systemErrorCode(error) === "ENOENT";
    throw imageMissing(folder, absent ? "no manifest.json" : "manifest.json can't be read", error);
  }
  try {
    return manifest.parse(JSON.parse(text));
  } catch (error) {
    throw new MachineError(
      `${path} isn't a manifest of an image: build it again with "npm run build".`,
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
