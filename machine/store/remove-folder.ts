import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";

/** Whoever still writes there ends by itself soon: more passes than this mean that something makes files without end. */
const passesMax = 100;

/**
 * Removes a folder with all that is in it, also while somebody else takes files out of it or writes a last one, as what
 * keeps a machine's logs does when its QEMU ends: Bun's own rm with `force` leaves the rest then, without a word. Throws
 * when something can't be removed.
 */
export async function removeFolder(path: string): Promise<void> {
  for (let passes = 1; ; passes++) {
    for (const entry of await entriesOf(path)) {
      const one = join(path, entry.name);
      await (entry.isDirectory() ? removeFolder(one) : rm(one, { force: true }));
    }
    try {
      await rmdir(path);
      return;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOENT") {
        return;
      }
      if (code !== "ENOTEMPTY" || passes === passesMax) {
        throw error;
      }
    }
  }
}

async function entriesOf(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
}
