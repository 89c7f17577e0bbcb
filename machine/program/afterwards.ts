import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MachineError } from "../error/machine-error.ts";
import { cannotRun, runProgram } from "./run.ts";

const mkfifoTimeoutMs = 10_000;
/** The folder that it stands in is the one of that name as long as nobody took that away. */
const runIfSame = 'cat >/dev/null && [ . -ef "$0" ] && cd / && exec "$@"';

/** A program that waits for the end of something. */
export interface Afterwards {
  /** It doesn't run any more. */
  callOff(): Promise<void>;
}

/**
 * Runs a program once this process has ended, in whatever way: by kill -9 too. What waits is a shell in a session of its
 * own, which no terminal's end or ^C reaches, at a pipe that the kernel closes.
 */
export function runAfterThisProcess(words: readonly string[]): Promise<Afterwards> {
  return new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", 'read -r _ || exec "$@"', "sh", ...words], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.once("error", (error) => reject(cannotRun("sh", error)));
    child.once("spawn", () => {
      child.unref();
      resolve({ callOff: () => callOff(child) });
    });
  });
}

async function callOff(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.stdin?.end("over\n");
  await ended;
}

/** The end of a pipe: when no process has it any more, the program runs. */
export interface Remains {
  readonly descriptor: number;
  close(): void;
}

/**
 * Runs a program once the last process has ended that was given the descriptor; not when the folder is no longer there
 * by then, or another one has its name.
 *
 * @param folder where the pipe lies for a moment.
 */
export async function runAfterHolders(folder: string, words: readonly string[]): Promise<Remains> {
  const pipe = join(folder, "end.pipe");
  await rm(pipe, { force: true });
  const { exitCode, stderr } = await runProgram("mkfifo", ["-m", "600", pipe], {
    timeoutMs: mkfifoTimeoutMs,
  });
  if (exitCode !== 0) {
    throw new MachineError(`The pipe ${pipe} could not be made: ${stderr.trim()}`);
  }
  // For reading too, so that it isn't waited for a reader; and what waits is handed its own end: on a busy host it
  // would come to open the pipe after the last holder's end, and wait for ever.
  const descriptor = openSync(pipe, constants.O_RDWR);
  const end = openSync(pipe, constants.O_RDONLY);
  await rm(pipe);
  const child = spawn("sh", ["-c", runIfSame, folder, ...words], {
    cwd: folder,
    detached: true,
    stdio: [end, "ignore", "ignore"],
  });
  closeSync(end);
  await new Promise<void>((resolve, reject) => {
    child.once("error", (error) => reject(cannotRun("sh", error)));
    child.once("spawn", resolve);
  });
  child.unref();
  return { descriptor, close: () => closeSync(descriptor) };
}
