import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BuildError, isDiskFull, systemErrorCode } from "./build-error.ts";

/** Programs of the build machine that the build calls, and the Debian package that brings each. */
export const TOOL_PACKAGES = {
  "apt-get": "apt",
  "apt-cache": "apt",
  "apt-config": "apt",
  "dpkg-deb": "dpkg",
  depmod: "kmod",
  xz: "xz-utils",
  zstd: "zstd",
  xorriso: "xorriso",
  mformat: "mtools",
  mcopy: "mtools",
  mmd: "mtools",
  npm: "npm",
} as const;

export type Tool = keyof typeof TOOL_PACKAGES;

const ALL_TOOLS: readonly Tool[] = [
  "apt-get",
  "apt-cache",
  "apt-config",
  "dpkg-deb",
  "depmod",
  "xz",
  "zstd",
  "xorriso",
  "mformat",
  "mcopy",
  "mmd",
];

/** Folders searched besides PATH: an ordinary user's PATH lacks the sbin folders of depmod. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** PATH of the tools: the caller's, then the system's own folders. */
export function toolPath(pathOfCaller: string | undefined): string {
  return [...(pathOfCaller ?? "").split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS].join(
    delimiter,
  );
}

/** The tools of `wanted` that no folder of `path` holds. */
export function missingTools(wanted: readonly Tool[], path: string): Tool[] {
  const folders = path.split(delimiter);
  return wanted.filter((tool) => !folders.some((folder) => isExecutable(join(folder, tool))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) {
      return false;
    }
    throw error;
  }
}

/** One line that names every missing tool and the command that installs them, or undefined. */
export function missingToolsMessage(missing: readonly Tool[]): string | undefined {
  if (missing.length === 0) {
    return undefined;
  }
  const packages = [...new Set(missing.map((tool) => TOOL_PACKAGES[tool]))].sort();
  return (
    `${missing.join(", ")} not found on this machine: ` +
    `install with "apt-get install ${packages.join(" ")}" (or run ./setup build)`
  );
}

export interface ToolOptions {
  /** What the tool is asked to do, for the error: "compress /usr". */
  purpose: string;
  cwd?: string;
  /** The whole environment; by default PATH, a fixed locale and time zone. */
  env?: Record<string, string>;
  input?: Readable;
  /** Standard output is handed over as it comes, instead of the result. */
  onOutput?: (stdout: Readable) => Promise<void>;
  /** Kills the tool after so many milliseconds. */
  deadlineMs?: number;
}

export interface ToolResult {
  stdout: string;
  stderr: string;
}

/** Variables of the caller that tools get: the way to the network. */
const KEPT_VARIABLES = /^(https?|ftp|all|no)_proxy$/i;

/** Environment of every tool: nothing of the caller's locale, time zone or options gets in. */
export function toolEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && KEPT_VARIABLES.test(name) ? [[name, value] as const] : [],
  );
  const path = toolPath(process.env.PATH);
  return {
    ...Object.fromEntries(kept),
    PATH: path,
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    HOME: "/nonexistent",
  };
}

/** @throws BuildError when the build machine lacks a tool: better now than after minutes. */
export function requireTools(): void {
  const message = missingToolsMessage(missingTools(ALL_TOOLS, toolPath(process.env.PATH)));
  if (message !== undefined) {
    throw new BuildError(message);
  }
}

/**
 * Runs a program of the build machine to its end.
 * @throws BuildError in one line when it is missing, fails, or passes its deadline.
 */
export async function runTool(
  tool: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<ToolResult> {
  const child = spawn(tool, args, {
    cwd: options.cwd,
    env: options.env ?? toolEnvironment(),
    stdio: [options.input ? "pipe" : "ignore", "pipe", "pipe"],
    ...(options.deadlineMs === undefined ? {} : { timeout: options.deadlineMs }),
  });
  const ended = exitOf(child, tool, options);
  const stdout = collect(options.onOutput ? null : child.stdout);
  const stderr = collect(child.stderr);
  const flows: Promise<unknown>[] = [];
  if (options.input && child.stdin) {
    flows.push(pipeline(options.input, child.stdin));
  }
  if (options.onOutput && child.stdout) {
    flows.push(options.onOutput(child.stdout));
  }
  const flowed = await Promise.allSettled(flows);
  const exit = await ended;
  const full = flowed.find((flow) => flow.status === "rejected" && isDiskFull(flow.reason));
  if (full?.status === "rejected") {
    throw full.reason;
  }
  if (exit !== 0) {
    throw new BuildError(failure(tool, options.purpose, exit, await stderr));
  }
  for (const flow of flowed) {
    if (flow.status === "rejected") {
      throw flow.reason;
    }
  }
  return { stdout: await stdout, stderr: await stderr };
}

function exitOf(child: ChildProcess, tool: string, options: ToolOptions): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      const why =
        systemErrorCode(error) === "ENOENT"
          ? `${tool} not found on this machine: install the package that holds it (or run ./setup build)`
          : error.message;
      reject(new BuildError(`cannot ${options.purpose}: ${why}`, { cause: error }));
    });
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
}

async function collect(stream: Readable | null): Promise<string> {
  if (!stream) {
    return "";
  }
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** One line from a tool's many: the first that says why. */
export function failure(
  tool: string,
  purpose: string,
  exit: number | string,
  stderr: string,
): string {
  if (/no space left on device|ENOSPC/i.test(stderr)) {
    return `cannot ${purpose}: the disk is full ("${tool}" found no space left on the device); free some space and build again`;
  }
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const telling = lines.filter((line) => /^(E:|FATAL|error|.*: error)/i.test(line));
  const shown = telling[0] ?? lines.at(-1);
  const how = typeof exit === "number" ? `exit code ${exit}` : `killed by ${exit}`;
  return `cannot ${purpose}: ${tool} ended with ${how}${shown ? `: ${shown}` : ""}`;
}
