import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isDiskFull } from "../../system-error.ts";
import { noRoomFor } from "../error/system-failure.ts";

/**
 * Replaces a file so that a reader, or a power cut, finds the old content or the new one: written
 * beside it, synced, renamed, and the folder synced. Throws a MachineError that names the file when there is no room.
 */
export async function writeFileAtomic(path: string, text: string, mode: number): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`;
  try {
    const file = await open(unfinished, "wx", mode);
    await closing(file, async () => {
      await file.writeFile(text);
      await file.sync();
    });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw isDiskFull(error) ? noRoomFor(path, error) : error;
  }
  await syncFolder(dirname(path));
}

/** Makes renames and removals in a folder last over a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await closing(folder, () => folder.sync());
}

async function closing(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await file.close();
  }
}
