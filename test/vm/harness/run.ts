import { spawn } from "node:child_process";
import { patienceMs } from "./patience.ts";

/** What a command left behind. */
export interface Result {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end; a command that outlives `timeoutMs` is killed and reported. */
export function run(
  argv: string[],
  options: {
    input?: string | Uint8Array;
    timeoutMs?: number;
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    /** Called with all that it has printed so far, whenever that becomes more. */
    onStdout?: (soFar: string) => void;
  } = {},
): Promise<Result> {
  const [command, ...args] = argv;
  if (command === undefined) {
    throw new Error("run: no command given");
  }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: options.env ?? process.env,
      cwd: options.cwd,
    });
    let stdout = "";
    let stderr = "";
    const timeoutMs = options.timeoutMs ?? patienceMs;
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${argv.join(" ")}: no end after ${timeoutMs} ms\n${stdout}\n${stderr}`));
    }, timeoutMs);
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      options.onStdout?.(stdout);
    });
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? (signal ? 128 : 1), stdout, stderr });
    });
    child.stdin.on("error", (error: NodeJS.ErrnoException) => {
      // The command may end without reading all of it.
      if (error.code !== "EPIPE") {
        reject(error);
      }
    });
    child.stdin.end(options.input ?? "");
  });
}

/** Like run, but a failing command throws with all that it printed. */
export async function runOk(
  argv: string[],
  options: Parameters<typeof run>[1] = {},
): Promise<string> {
  const result = await run(argv, options);
  if (result.exitCode !== 0) {
    throw new Error(
      `${argv.join(" ")} ended with ${result.exitCode}\n${result.stdout}\n${result.stderr}`,
    );
  }
  return result.stdout;
}
