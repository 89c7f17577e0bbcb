import { type Flavour, stateOnDisk } from "../../flavour/flavour.ts";
import type { BlockDevice } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { maxArchiveBytes, originalArchive, readArchive, startsWith } from "../archive/archive.ts";
import { dosTableOffset } from "../content/dos-table.ts";

/** Name of the userdata archive on the data disk; existing clients and people know it. */
export const archiveName = "userdata.tar";
/** A damaged or hostile archive, kept for whoever wants to know. */
export const refusedArchiveName = "userdata.refused.tar";

/**
 * Keeps the archive at the start of the disk as a file of its filesystem, flushed: from then on the magic
 * may go. Gives what was done, in words.
 */
export function keepArchive(
  kernel: Kernel,
  disk: BlockDevice,
  folder: string,
  flavour: Flavour,
): string {
  const start = disk.read(0, maxArchiveBytes);
  const read = readArchive(start, flavour.magic);
  if (read.state === "none") {
    return "no userdata archive to keep";
  }
  const whole = originalArchive(start, flavour.magic);
  const bytes = read.state === "complete" ? whole.subarray(0, read.lengthBytes) : trimmed(whole);
  const name = read.state === "complete" ? archiveName : refusedArchiveName;
  const state = stateOnDisk(flavour);
  kernel.mkdirBeneath(folder, state, { mode: 0o755, owner: { uid: 0, gid: 0 } });
  kernel.withFolderBeneath(folder, state, (path) => {
    kernel.writeAtomic(`${path}/${name}`, bytes, { mode: 0o600 });
    // The names of folders that are new on a new filesystem have to be on the disk too.
    kernel.syncFilesystem(path);
  });
  return `kept ${bytes.length} bytes as ${flavour.stateFolder}/${name}`;
}

/**
 * Clears the magic, and with it the first header of the archive, in one write of one sector. The table beside
 * it stays. Does nothing when the magic is gone already.
 */
export function clearMagic(disk: BlockDevice, sectorBytes: number, magic: string): void {
  const first = disk.read(0, sectorBytes);
  if (!startsWith(first, magic)) {
    return;
  }
  first.fill(0, 0, dosTableOffset);
  disk.write(0, first);
  disk.fsync();
}

/** Clears the magic in front of a partition, in one write of one sector. */
export function clearRequest(
  disk: BlockDevice,
  sectorBytes: number,
  partitionBytes: number,
  magic: string,
): void {
  const atBytes = partitionBytes - sectorBytes;
  if (startsWith(disk.read(atBytes, sectorBytes), magic)) {
    disk.write(atBytes, new Uint8Array(sectorBytes));
    disk.fsync();
  }
}

function trimmed(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}
