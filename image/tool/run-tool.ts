import { type ChildProcess, spawn } from "node:child_process";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { packageOf } from "../../host-packages.ts";
import { isDiskFull, systemErrorCode } from "../../system-error.ts";
import { BuildError } from "../report/build-error.ts";
import { toolEnvironment } from "./environment.ts";

/** How a tool runs; its arguments are handed to it as they are, through no shell. */
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

/** What a tool that ended well has printed. */
export interface ToolResult {
  stdout: string;
  stderr: string;
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
          ? `${tool} not found on this machine: install the package ${packageOf(basename(tool)) ?? "that holds it"} (or run ./setup build)`
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
