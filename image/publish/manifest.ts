import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { archSchema } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";

/** The manifest's file in the folder of artifacts. */
export const manifestName = "manifest.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.strictObject({
  name: z.literal("boot2podman"),
  version: z.string(),
  arch: archSchema,
  suite: z.string(),
  volumeId: z.string(),
  /** Time of all files in the image, in seconds since 1970. */
  timeSeconds: z.int(),
  /** True when the image was compressed little, for work on it. */
  isFast: z.boolean(),
  kernel: z.strictObject({
    release: z.string(),
    /** The default command line; whoever boots the kernel directly gives it this one. */
    commandLine: z.string(),
    modules: z.array(z.string()),
  }),
  /** What the image weighs, by group of files: as they are, and as they lie in the artifacts. */
  groups: z.array(
    z.strictObject({
      name: z.string(),
      files: z.int(),
      rawBytes: z.int(),
      compressedBytes: z.int(),
    }),
  ),
  packages: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      archive: z.string(),
      path: z.string(),
      sha256,
    }),
  ),
  artifacts: z.array(z.strictObject({ name: z.string(), sizeBytes: z.int(), sha256 })),
});

/** What an image is made of. */
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * Reads the manifest of a folder of artifacts.
 * @throws BuildError when there is none or it is not one: the image must be built first.
 */
export function readManifest(folder: string): Manifest {
  const path = join(folder, manifestName);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const why = systemErrorCode(error) === "ENOENT" ? "there is no such file" : String(error);
    throw new BuildError(`cannot read ${path}: ${why}; build the image with "npm run build"`, {
      cause: error,
    });
  }
  return parseManifest(text, path);
}

/**
 * Checks the text of a manifest; `path` is for messages.
 * @throws BuildError when it is not the manifest of an image.
 */
export function parseManifest(text: string, path: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BuildError(
      `${path} is not the manifest of an image: build it again with "npm run build"`,
      { cause: error },
    );
  }
}

/** A manifest as text, the same for the same facts. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`;
}
