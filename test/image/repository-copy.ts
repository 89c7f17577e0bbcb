import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const sources = [
  ...["agents", "image", "package.json", "package-lock.json", "bunfig.toml", "host-packages.txt"],
  // What several parts share lies at the top.
  ...readdirSync(repository).filter((name) => name.endsWith(".ts")),
];

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })),
});

/** Who runs a build, and with which umask. */
export interface Builder {
  uid: number;
  umask: string;
}

/** The sources, the npm packages that a build needs and the fetched packages, in a folder of its own. */
export function copyRepository(name: string, builder: Builder): string {
  const home = mkdtempSync(join(tmpdir(), `${name}-`));
  const copy = join(home, "repository");
  mkdirSync(copy);
  for (const source of sources) {
    cpSync(join(repository, source), join(copy, source), { recursive: true });
  }
  const lock = lockSchema.parse(JSON.parse(readFileSync(join(copy, "package-lock.json"), "utf8")));
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const source = join(repository, path);
    if (path === "" || dev || !existsSync(source)) {
      continue;
    }
    cpSync(source, join(copy, path), { recursive: true });
  }
  const packages = join(repository, ".cache", "packages");
  mkdirSync(join(copy, ".cache", "packages"), { recursive: true });
  for (const file of existsSync(packages) ? readdirSync(packages) : []) {
    linkOrCopy(join(packages, file), join(copy, ".cache", "packages", file));
  }
  if (process.getuid?.() === 0) {
    giveTo(home, builder.uid);
  }
  chmodSync(home, 0o755);
  return copy;
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    if (!(error instanceof Error)) {
      throw error;
    }
    // Another filesystem, or another user's file.
    copyFileSync(source, target);
  }
}

/** Makes folders a user's own; files need only be readable. */
function giveTo(folder: string, uid: number): void {
  chownSync(folder, uid, uid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      giveTo(join(folder, entry.name), uid);
    }
  }
}

export interface BuildRun {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command that builds the image, or extensions, in a copy of the repository. */
export function runBuild(
  copy: string,
  args: readonly string[],
  builder?: Builder,
  what: "build" | "extension" = "build",
): Promise<BuildRun> {
  const bun = join(copy, "node_modules", "bun", "bin", "bun.exe");
  const isRoot = process.getuid?.() === 0;
  const child = spawn(
    "sh",
    [
      "-c",
      'umask "$1"; shift; exec "$@"',
      "sh",
      builder?.umask ?? "022",
      bun,
      `image/${what}.ts`,
      ...args,
    ],
    {
      cwd: copy,
      env: { PATH: process.env.PATH, HOME: dirname(copy), TMPDIR: dirname(copy) },
      stdio: ["ignore", "pipe", "pipe"],
      ...(builder && isRoot ? { uid: builder.uid, gid: builder.uid } : {}),
    },
  );
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
