import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { MachineError } from "../error/machine-error.ts";
import { cannotRun, runProgram } from "./run.ts";

const mkfifoTimeoutMs = 10_000;

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
 * Runs a program once the last process has ended that was given the descriptor.
 *
 * @param pipe where the pipe may lie until then.
 */
export async function runAfterHolders(pipe: string, words: readonly string[]): Promise<Remains> {
  await rm(pipe, { force: true });
  const { exitCode, stderr } = await runProgram("mkfifo", ["-m", "600", pipe], {
    timeoutMs: mkfifoTimeoutMs,
  });
  if (exitCode !== 0) {
    throw new MachineError(`The pipe ${pipe} could not be made: ${stderr.trim()}`);
  }
  // For reading too, so that it isn't waited for the shell.
  const descriptor = openSync(pipe, constants.O_RDWR);
  const script = 'exec 0<"$0" && rm -f "$0" && cat >/dev/null && exec "$@"';
  const child = spawn("sh", ["-c", script, pipe, ...words], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore"],
  });
  child.unref();
  return { descriptor, close: () => closeSync(descriptor) };
}
