import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../system-error.ts";
import { hashOf, hashOfCode } from "./cache/build-step.ts";
import { sourceFiles } from "./cache/sources.ts";

const stateSchema = z.object({
  key: z.string(),
  files: z.array(z.object({ name: z.string(), sizeBytes: z.number(), changedMs: z.number() })),
});

type State = z.infer<typeof stateSchema>;

/** Where everything lies that artifacts are made of. */
export interface BuildInputs {
  repository: string;
  recipePath: string;
  lockFile: string;
  /** What else decides the bytes: architecture, level, time. */
  settings: unknown;
}

/** Hash of everything that artifacts are made of: when it is the same, they are. */
export function inputsKey(inputs: BuildInputs): string {
  const { repository } = inputs;
  const image = join(repository, "image");
  return hashOf([
    inputs.settings,
    [inputs.recipePath, inputs.lockFile].map(textOf),
    ["package.json", "package-lock.json"].map((name) => textOf(join(repository, name))),
    hashOfCode(image),
    hashOfTree(join(image, "tree")),
    sourceFiles(join(repository, "agents")),
  ]);
}

/** Whether the artifacts in a folder are those that were made of these inputs. */
export function isCurrent(cacheDir: string, outDir: string, key: string): boolean {
  const text = textOf(statePath(cacheDir, outDir));
  if (text === "") {
    return false;
  }
  const state = stateSchema.safeParse(JSON.parse(text));
  if (!state.success || state.data.key !== key) {
    return false;
  }
  return JSON.stringify(state.data.files) === JSON.stringify(filesOf(outDir));
}

/** Remembers what the artifacts in a folder were made of. */
export function recordState(cacheDir: string, outDir: string, key: string): void {
  const path = statePath(cacheDir, outDir);
  const state: State = { key, files: filesOf(outDir) };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(state));
}

function statePath(cacheDir: string, outDir: string): string {
  return join(cacheDir, "built", `${hashOf(resolve(outDir)).slice(0, 16)}.json`);
}

function filesOf(folder: string): State["files"] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => {
        const { size, mtimeMs } = statSync(join(folder, name));
        return { name, sizeBytes: size, changedMs: mtimeMs };
      });
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
}

/** Contents, links and execute bits of a tree of files. */
export function hashOfTree(folder: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  for (const name of names) {
    const facts = lstatSync(join(folder, name));
    hash.update(`${name}\0${facts.isSymbolicLink()}${facts.mode & 0o100}\0`);
    if (facts.isFile()) {
      hash.update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex");
}

/** Text of a file, empty when there is none. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return "";
    }
    throw error;
  }
}
