import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { pvhKernel } from "../../../machine/boot-image/pvh-kernel.ts";
import { dist } from "./qemu.ts";

const cache = path.join(dist, "../.cache");
const prefix = "test-vmlinux-";
/** Of one kernel and of the one that it is compared with. */
const kept = 2;

/**
 * The kernel in a bzImage, uncompressed, as podman-machine starts it under emulation; the bzImage itself when it
 * can't be started so. Made once for its bytes.
 */
export async function emulatedKernel(bzImage: string): Promise<string> {
  const bytes = await readFile(bzImage);
  const name = `${prefix}${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`;
  const file = path.join(cache, name);
  if (!existsSync(file)) {
    const kernel = await pvhKernel(bytes);
    if (kernel === undefined) {
      return bzImage;
    }
    mkdirSync(cache, { recursive: true });
    // Two workers may be at it at the same time.
    const fresh = path.join(cache, `fresh-${name}.${process.pid}`);
    await writeFile(fresh, kernel);
    await rename(fresh, file);
    removeOthers(name);
  }
  return file;
}

/** Those of kernels that were built before. */
function removeOthers(name: string): void {
  const others = readdirSync(cache).filter((one) => one.startsWith(prefix) && one !== name);
  for (const other of others.slice(kept - 1)) {
    rmSync(path.join(cache, other), { force: true });
  }
}
