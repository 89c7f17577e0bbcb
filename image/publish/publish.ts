import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Fills the folder of artifacts as a whole: `make` writes into a folder beside it, which then takes
 * its place. When anything fails, the old artifacts stay untouched.
 */
export async function publish(
  outDir: string,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  const target = resolve(outDir);
  const partial = `${target}.partial-${process.pid}`;
  const old = `${target}.old-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  mkdirSync(partial);
  try {
    await make(partial);
    if (existsSync(target)) renameSync(target, old);
    renameSync(partial, target);
  } finally {
    rmSync(partial, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}
