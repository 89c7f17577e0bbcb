import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";

/** What this process is filling now: removed when it ends early, whatever the reason. */
const unfinished = new Set<string>();

process.on("exit", () => {
  for (const path of unfinished) {
    rmSync(path, { recursive: true, force: true });
  }
});

/**
 * Fills a folder as a whole: `make` writes into another one beside it, which then takes its place.
 * When anything fails, or the process is stopped, what was there stays as it was.
 */
export async function replaceFolder(
  target: string,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  const partial = `${target}.partial-${process.pid}`;
  const old = `${partial}-old`;
  mkdirSync(dirname(target), { recursive: true });
  removeAbandoned(target);
  unfinished.add(partial).add(old);
  try {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    await make(partial);
    if (existsSync(target)) {
      renameSync(target, old);
    }
    renameSync(partial, target);
  } finally {
    rmSync(partial, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
    unfinished.delete(partial);
    unfinished.delete(old);
  }
}

/** Removes what processes that are no more left unfinished. */
function removeAbandoned(target: string): void {
  const prefix = `${basename(target)}.partial-`;
  for (const name of readdirSync(dirname(target))) {
    if (!name.startsWith(prefix)) {
      continue;
    }
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid !== process.pid && !isRunning(pid)) {
      rmSync(join(dirname(target), name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}
