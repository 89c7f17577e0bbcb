import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDiskFull } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { hostSystem } from "../host-system/host-system.ts";
import { cannotRun } from "../program/run.ts";

/** What takes the lock exits with this when somebody else holds it; no other error has this code. */
const heldElsewhere = 75;

/** A lock that is held until it is released, or until this process ends in whatever way. */
export interface Lock {
  release(): Promise<void>;
}

/** Whoever holds a lock, as written by themselves: `pid command`. */
type OnWait = (holder: string) => void;

/**
 * Takes the lock of one machine (or of one shared thing, such as the choice of a port).
 *
 * The lock is flock(2) held by a program of the host (on Linux flock(1) around a `cat`): the kernel drops it when the pipe to it
 * closes, so a killed command leaves no stale lock, and there is no moment at which two commands
 * both find one stale. Lock files stay: unlinking one lets two commands lock two different files.
 *
 * @param timeoutMs how long to wait for another command; then this throws and names that command.
 */
export async function takeLock(options: {
  store: string;
  name: string;
  command: string;
  timeoutMs: number;
  onWait?: OnWait;
}): Promise<Lock> {
  const folder = join(options.store, "locks");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, options.name);
  // flock(1) would only give a number for what is denied here.
  await (await open(path, "a", 0o600)).close();
  const first = await tryLock(path, 0);
  if (first !== undefined) {
    return held(path, first, options.command);
  }
  options.onWait?.(await holderOf(path));
  const second = await tryLock(path, options.timeoutMs / 1000);
  if (second !== undefined) {
    return held(path, second, options.command);
  }
  throw new MachineError(
    `"${options.name}" is busy: ${await holderOf(path)} has used it for more than ${Math.round(options.timeoutMs / 1000)} s. Wait for it, or end it.`,
  );
}

/** Does work while holding a lock. */
export async function withLock<T>(
  options: Parameters<typeof takeLock>[0],
  work: () => Promise<T>,
): Promise<T> {
  const lock = await takeLock(options);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** The process that holds the lock, or undefined when somebody else does. */
function tryLock(path: string, waitSeconds: number): Promise<ChildProcess | undefined> {
  return new Promise((resolve, reject) => {
    const [program = "", ...words] = hostSystem.lockWords(path, waitSeconds);
    // Its own process group: ^C in the terminal must not drop the lock before the command ends.
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "ignore"], detached: true });
    child.on("error", (error) => reject(cannotRun(program, error)));
    // What it echoes proves that it has the lock.
    child.stdout.once("data", () => resolve(child));
    child.on("exit", (code) => {
      if (code === heldElsewhere) {
        resolve(undefined);
      } else {
        reject(
          new MachineError(
            `The lock ${path} can't be taken: ${program} ended with status ${code}.`,
          ),
        );
      }
    });
    // flock may end before it reads: that is told by its exit status, not by this pipe.
    child.stdin.on("error", () => undefined);
    child.stdin.write("locked\n");
  });
}

async function held(path: string, child: ChildProcess, command: string): Promise<Lock> {
  await writeHolder(path, `${process.pid} ${command}\n`);
  return {
    release: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          resolve();
          return;
        }
        child.removeAllListeners("exit");
        child.on("exit", () => resolve());
        child.stdin?.end();
      }),
  };
}

/** Who holds it is for others to read: on a full disk they are told less, and a machine can still be stopped. */
async function writeHolder(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    if (!isDiskFull(error)) {
      throw error;
    }
  }
}

async function holderOf(path: string): Promise<string> {
  const text = (await readFile(path, "utf8")).trim();
  const [pid, ...command] = text.split(" ");
  return text === "" ? "another command" : `"podman-machine ${command.join(" ")}" (process ${pid})`;
}
