import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import type { Arch } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal");

const packageSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  archive: z.enum(["debian", "debian-security"]),
  path: z.string(),
  sizeBytes: z.int(),
  sha256,
});

const lockSchema = z.strictObject({
  suite: z.string(),
  arch: z.enum(["amd64", "arm64"]),
  /** When the archive was asked: the snapshot that has all these packages, and every file's time. */
  resolvedAt: z.iso.datetime(),
  /** The package that the kernel's meta package led to. */
  kernelPackage: z.string(),
  packages: z.array(packageSchema),
  /** The program that agents are compiled onto when it is not this machine's own. */
  runtime: z
    .strictObject({ name: z.string(), version: z.string(), integrity: z.string() })
    .optional(),
});

/** Which packages an image is made of: versions, hashes and places in the archive, no hosts. */
export type Lock = z.infer<typeof lockSchema>;
/** One package of a lock: its version, hash, size and place below an archive's URL. */
export type LockedPackage = Lock["packages"][number];

/** The lock file of a recipe: lock/ARCH.json beside recipe.toml, lock/NAME.ARCH.json beside others. */
export function lockPath(recipePath: string, arch: Arch): string {
  const name = basename(recipePath, ".toml");
  const file = name === "recipe" ? `${arch}.json` : `${name}.${arch}.json`;
  return join(dirname(recipePath), "lock", file);
}

/**
 * The lock file of an extension, of what it has beside the image's packages: lock/NAME.ARCH.json beside its recipe, for
 * images of other recipes than recipe.toml lock/NAME.IMAGE.ARCH.json.
 */
export function extensionLock(path: string, imageRecipe: string, arch: Arch): string {
  const image = basename(imageRecipe, ".toml");
  const name = basename(path, ".toml");
  const file = image === "recipe" ? `${name}.${arch}.json` : `${name}.${image}.${arch}.json`;
  return join(dirname(path), "lock", file);
}

/**
 * Reads a lock file; undefined when there is none.
 * @throws BuildError when it can't be read, or isn't a lock file.
 */
export function readLock(path: string): Lock | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw new BuildError(`cannot read the lock file ${path}: ${String(error)}`, { cause: error });
  }
  return parseLock(text, path);
}

/**
 * Checks the text of a lock file; `path` is for messages.
 * @throws BuildError with what is wrong and how to renew it.
 */
export function parseLock(text: string, path: string): Lock {
  const advice = "restore it, or renew it with --update";
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new BuildError(`the lock file ${path} is not JSON: ${advice}`, { cause: error });
  }
  const checked = lockSchema.safeParse(data);
  if (checked.success) {
    return checked.data;
  }
  const [issue] = checked.error.issues;
  const where = issue ? `${issue.path.map(String).join(".")}: ${issue.message}` : "unknown form";
  throw new BuildError(`the lock file ${path} is wrong: ${where}: ${advice}`, {
    cause: checked.error,
  });
}

/** Writes a lock file whole or not at all. */
export function writeLock(path: string, lock: Lock): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.partial-${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(lock, null, 2)}\n`);
  renameSync(partial, path);
}

/** Packages that the recipe wants and the lock lacks. */
export function unlockedPackages(lock: Lock, wanted: readonly string[]): string[] {
  const names = new Set(lock.packages.map((one) => one.name));
  return wanted.filter((name) => !names.has(name));
}
