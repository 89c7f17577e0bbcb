import { spawn } from "node:child_process";
import { packageOf } from "../../host-packages.ts";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";

/** What a finished program left behind. */
export interface ProgramResult {
  /** Exit status; undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** True when the deadline passed and the program was killed. */
  readonly timedOut: boolean;
}

/**
 * Runs a program without a shell and collects its output.
 * Throws a {@link MachineError} that names the package to install when the program isn't there.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    timeoutMs: number;
    cwd?: string;
    environment?: Readonly<Record<string, string | undefined>>;
    /** What the program reads; nothing by default. */
    input?: string;
  },
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.environment === undefined ? {} : { env: options.environment }),
    });
    // A program may end without having read all of it.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const deadline = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
      // A process stuck in the kernel may never report its end: don't wait for it.
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve({ exitCode: undefined, signal: "SIGKILL", stdout, stderr, timedOut });
    }, options.timeoutMs);
    child.on("error", (error) => {
      clearTimeout(deadline);
      reject(cannotRun(program, error));
    });
    child.on("close", (code, signal) => {
      clearTimeout(deadline);
      resolve({
        exitCode: code ?? undefined,
        signal: signal ?? undefined,
        stdout,
        stderr,
        timedOut,
      });
    });
  });
}

/** The error for a program that could not be started. */
export function cannotRun(program: string, error: unknown): MachineError {
  if (systemErrorCode(error) === "ENOENT") {
    const name = packageOf(program);
    const advice = name === undefined ? "install it" : `install the package ${name}`;
    return new MachineError(`${program} is not installed: ${advice}, or add it to PATH.`, {
      cause: error,
    });
  }
  const found = error instanceof Error ? error.message : String(error);
  return new MachineError(`${program} could not be started: ${found}`, { cause: error });
}

/** The last line of a program's output that says something; empty when there is none. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
