import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MachineError } from "../error/machine-error.ts";
import { cannotRun } from "../program/run.ts";

/** flock(1) exits with this when somebody else holds the lock; no other error of it has this code. */
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
 * The lock is flock(2) held by flock(1) around a `cat`: the kernel drops it when the pipe to `cat`
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
  const first = await tryLock(path, ["--nonblock"]);
  if (first !== undefined) {
    return held(path, first, options.command);
  }
  options.onWait?.(await holderOf(path));
  const seconds = (options.timeoutMs / 1000).toFixed(3);
  const second = await tryLock(path, ["--timeout", seconds]);
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
function tryLock(path: string, how: readonly string[]): Promise<ChildProcess | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      "flock",
      ["--exclusive", "--conflict-exit-code", String(heldElsewhere), ...how, path, "cat"],
      // Its own process group: ^C in the terminal must not drop the lock before the command ends.
      { stdio: ["pipe", "pipe", "ignore"], detached: true },
    );
    child.on("error", (error) => reject(cannotRun("flock", error)));
    // What `cat` echoes proves that flock has the lock and has started it.
    child.stdout.once("data", () => resolve(child));
    child.on("exit", (code) => {
      if (code === heldElsewhere) {
        resolve(undefined);
      } else {
        reject(
          new MachineError(`The lock ${path} can't be taken: flock ended with status ${code}.`),
        );
      }
    });
    // flock may end before it reads: that is told by its exit status, not by this pipe.
    child.stdin.on("error", () => undefined);
    child.stdin.write("locked\n");
  });
}

async function held(path: string, child: ChildProcess, command: string): Promise<Lock> {
  await writeFile(path, `${process.pid} ${command}\n`);
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

async function holderOf(path: string): Promise<string> {
  const text = (await readFile(path, "utf8")).trim();
  const [pid, ...command] = text.split(" ");
  return text === "" ? "another command" : `"podman-machine ${command.join(" ")}" (process ${pid})`;
}
