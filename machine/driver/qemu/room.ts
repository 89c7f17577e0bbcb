import { statfs } from "node:fs/promises";
import { noRoomFor } from "../../error/system-failure.ts";

/** A guest that has less is held, by its first writes, before anybody has read that it runs. */
const roomMinBytes = 1024 * 1024;

/** Whether the host has room in a folder for what a guest writes. */
export async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= roomMinBytes;
}

/** Throws when it has none. */
export async function checkRoom(folder: string): Promise<void> {
  if (!(await hasRoom(folder))) {
    throw noRoomFor(folder, undefined);
  }
}
