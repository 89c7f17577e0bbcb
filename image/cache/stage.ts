import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceFolder } from "./replace-folder.ts";

/** Outputs kept of each stage: the current one and a few to switch back to without work. */
const KEPT_OUTPUTS = 3;

const IMAGE_FOLDER = join(dirname(fileURLToPath(import.meta.url)), "..");

/** A step of the build whose output is kept in the cache, under a key made of all that it depends on. */
export interface Stage {
  /** Names the stage's folder in the cache. */
  name: string;
  /** Folder that holds stages/, on the disk where outputs are made. */
  cacheDir: string;
  /** Everything the output depends on, as JSON data. */
  inputs: unknown;
  /** Files or folders below image/ whose code makes the output. */
  code: readonly string[];
}

/**
 * Runs a stage once per set of inputs: `make` fills an empty folder, which then stays in the cache
 * under a key made of the inputs and the code. Returns that folder.
 * The folder appears whole or not at all, whatever interrupts the work.
 */
export async function runStage(
  stage: Stage,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const home = join(stage.cacheDir, "stages", stage.name);
  const folder = join(home, stageKey(stage));
  if (existsSync(folder)) {
    const now = new Date();
    utimesSync(folder, now, now);
    return folder;
  }
  await replaceFolder(folder, make);
  forgetOldOutputs(home, folder);
  return folder;
}

/** Hash of a stage's name, inputs and code. */
export function stageKey(stage: Pick<Stage, "name" | "inputs" | "code">): string {
  const code = stage.code.map((path) => hashOfCode(join(IMAGE_FOLDER, path)));
  return hashOf([stage.name, stage.inputs, code]).slice(0, 32);
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
  for (const { path } of outputs.slice(KEPT_OUTPUTS)) {
    if (path !== current) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
