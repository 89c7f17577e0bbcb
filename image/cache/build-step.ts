import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemErrorCode } from "../../system-error.ts";
import { replaceFolder } from "./replace-folder.ts";

/** Outputs kept of each step: the current one and a few to switch back to without work. */
const keptOutputs = 3;

const imageFolder = join(dirname(fileURLToPath(import.meta.url)), "..");

/** A step of the build whose output is kept in the cache, under a key made of all that it depends on. */
export interface BuildStep {
  /** Names the step's folder in the cache. */
  name: string;
  /** Folder that holds steps/, on the disk where outputs are made. */
  cacheDir: string;
  /** Everything the output depends on, as JSON data. */
  inputs: unknown;
  /** Files or folders below image/ whose code makes the output. */
  code: readonly string[];
}

/**
 * Runs a step once per set of inputs: `make` fills an empty folder, which then stays in the cache
 * under a key made of the inputs and the code. Returns that folder.
 * The folder appears whole or not at all, whatever interrupts the work. One that isn't what was
 * written there is made again, and it is said.
 */
export async function runBuildStep(
  step: BuildStep,
  make: (folder: string) => Promise<void>,
  say: { line(text: string): void } = { line: (text) => console.error(text) },
): Promise<string> {
  const home = join(step.cacheDir, "steps", step.name);
  const key = buildStepKey(step);
  const folder = join(home, key);
  const hashes = join(step.cacheDir, "step-hashes", step.name);
  const written = join(hashes, key);
  if (existsSync(folder)) {
    if (readIfThere(written) === hashOfFolder(folder)) {
      const now = new Date();
      utimesSync(folder, now, now);
      return folder;
    }
    say.line(`${folder} has changed since it was written: making it again`);
  }
  await replaceFolder(folder, make);
  mkdirSync(hashes, { recursive: true });
  writeFileSync(written, hashOfFolder(folder));
  forgetOldOutputs(home, folder);
  for (const name of readdirSync(hashes)) {
    if (!existsSync(join(home, name))) {
      rmSync(join(hashes, name));
    }
  }
  return folder;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** Hash of all names, modes and contents in a folder. */
function hashOfFolder(folder: string): string {
  const lines = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const found = lstatSync(path);
      const content = found.isSymbolicLink()
        ? readlinkSync(path)
        : found.isFile()
          ? createHash("sha256").update(readFileSync(path)).digest("hex")
          : "";
      return [name, found.mode, content];
    });
  return hashOf(lines);
}

/** Hash of a step's name, inputs and code. */
export function buildStepKey(step: Pick<BuildStep, "name" | "inputs" | "code">): string {
  const code = step.code.map((path) => hashOfCode(join(imageFolder, path)));
  return hashOf([step.name, step.inputs, code]).slice(0, 32);
}

/** SHA-256 of JSON data, in hexadecimal. */
export function hashOf(data: unknown): string {
  return createHash("sha256").update(JSON.stringify(data)).digest("hex");
}

/** SHA-256 of a source file, or of all source files of a folder except tests. */
export function hashOfCode(path: string): string {
  if (!statSync(path).isDirectory()) {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  }
  // The static tree isn't code, and its links may lead nowhere.
  const names = readdirSync(path).filter(
    (name) => !/\.(test|testing)\.ts$/.test(name) && name !== "tree",
  );
  return hashOf(names.sort().map((name) => [name, hashOfCode(join(path, name))]));
}

function forgetOldOutputs(home: string, current: string): void {
  const outputs = readdirSync(home)
    .map((name) => join(home, name))
    .filter((path) => !path.includes(".partial-"))
    .map((path) => ({ path, usedMs: statSync(path).mtimeMs }))
    .sort((a, b) => b.usedMs - a.usedMs);
  for (const { path } of outputs.slice(keptOutputs)) {
    if (path !== current) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
