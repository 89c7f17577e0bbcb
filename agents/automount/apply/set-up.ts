import type { BlockDevice } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import {
  dosMaxSectors,
  dosTableBytes,
  dosTableOffset,
  linuxType,
  protectiveType,
} from "../content/dos-table.ts";
import { type GptPlan, type GptWrite, gptWrites } from "../content/gpt.ts";
import { gptEntriesOffset, type Layout } from "../disk/layout.ts";
import { findNode } from "../observe/block-devices.ts";
import type { Place } from "../plan/steps.ts";
import { mke2fsCommand } from "./mke2fs.ts";

const makeTimeout = { quietMs: 600_000, mostMs: 24 * 3_600_000 };
const partitionTimeout = { quietMs: 15_000 };
const tailBytes = 512 * 1024;

/** The disk opened and locked for a set-up; others that keep to flock stay away (systemd: BLOCK_DEVICE_LOCKING). */
export function openForSetUp(kernel: Kernel, node: string, changed = node): BlockDevice {
  // The exclusive opening asks the kernel whether anybody holds the disk, or the partition that alone is changed;
  // mke2fs asks again.
  kernel.openBlockDevice(changed, "exclusive").close();
  const device = kernel.openBlockDevice(node, "write");
  if (device.tryLock()) {
    return device;
  }
  device.close();
  throw new KernelError("lock", node, "EWOULDBLOCK", { detail: "another program is using it" });
}

/** Marks a blank disk as one that we work on, before anything else is written to it. */
export function writeMagic(device: BlockDevice, sectorBytes: number, magic: string): void {
  const first = new Uint8Array(sectorBytes);
  first.set(Buffer.from(magic, "latin1"));
  device.write(0, first);
  device.fsync();
}

/**
 * Makes the filesystem where its partition will be, while no table leads there: whatever a power cut leaves of
 * it, the table is not there and the magic still is, so that the next boot starts again.
 */
export async function makeFilesystem(
  kernel: Kernel,
  device: BlockDevice,
  sectorBytes: number,
  layout: Layout,
  label: string,
): Promise<void> {
  const first = device.read(0, sectorBytes);
  if (first.subarray(dosTableOffset, 512).some((byte) => byte !== 0)) {
    first.fill(0, dosTableOffset, 512);
    device.write(0, first);
  }
  // A signature at the end of an earlier partition (md, ZFS) would speak against the new filesystem.
  const endBytes = layout.startBytes + layout.sizeBytes;
  device.write(endBytes - tailBytes, new Uint8Array(tailBytes));
  device.fsync();
  const command = mke2fsCommand(device.path, layout, label);
  await runChecked(kernel, command, { timeoutMs: makeTimeout });
  device.fsync();
}

/**
 * Makes the filesystem over a whole partition. The magic in front of it stays until the filesystem was mounted once:
 * whatever a power cut leaves of it until then is made again.
 */
export async function fillPartition(kernel: Kernel, node: string, label: string): Promise<void> {
  const device = kernel.openBlockDevice(node, "write");
  try {
    const layout = { startBytes: 0, sizeBytes: device.sizeBytes - (device.sizeBytes % 4096) };
    device.write(layout.sizeBytes - tailBytes, new Uint8Array(tailBytes));
    device.fsync();
    await runChecked(kernel, mke2fsCommand(node, layout, label), { timeoutMs: makeTimeout });
    device.fsync();
  } finally {
    device.close();
  }
}

/**
 * Writes the table. The write of sector 0 makes the finished filesystem reachable; it leaves the magic and
 * the rest of the sector as they are, and it is one sector, which a disk writes whole or not at all.
 */
export function writeTable(
  device: BlockDevice,
  sectorBytes: number,
  layout: Layout,
  label: string,
): void {
  const startSector = layout.startBytes / sectorBytes;
  const sectors = layout.sizeBytes / sectorBytes;
  const diskSectors = Math.floor(device.sizeBytes / sectorBytes);
  let table = dosTableBytes(newDiskId(), { type: linuxType, startSector, sectors });
  if (layout.table === "gpt") {
    const entriesSector = gptEntriesOffset / sectorBytes;
    const geometry = { sectorBytes, diskSectors, startSector, sectors, entriesSector };
    writeGpt(device, geometry, label);
    const covered = Math.min(diskSectors - 1, dosMaxSectors);
    table = dosTableBytes(0, { type: protectiveType, startSector: 1, sectors: covered });
  }
  const first = device.read(0, sectorBytes);
  first.set(table, dosTableOffset);
  device.write(0, first);
  device.fsync();
}

/** From 1 to 2^32 − 1: an identifier of 0 says that the disk has none. */
function newDiskId(): number {
  // The global crypto: loading node:crypto would take longer than the whole set-up.
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return 1 + (random % (2 ** 32 - 1));
}

/**
 * Writes both halves of a GPT, not yet its protective table. Headers of an attempt that was cut go first, and
 * entries are flushed before headers: whatever a cut leaves, no header has other entries than its own.
 */
function writeGpt(
  device: BlockDevice,
  geometry: Omit<GptPlan, "diskGuid" | "partitionGuid" | "partitionName">,
  label: string,
): void {
  const guids = { diskGuid: crypto.randomUUID(), partitionGuid: crypto.randomUUID() };
  const writes = gptWrites({ ...geometry, ...guids, partitionName: label });
  const headers = [writes.backupHeader, writes.header];
  const flushed = (parts: readonly GptWrite[]) => {
    for (const { offsetBytes, content } of parts) {
      device.write(offsetBytes, content);
    }
    device.fsync();
  };
  flushed(headers.map((part) => ({ ...part, content: Buffer.alloc(part.content.length) })));
  flushed([writes.backupEntries, writes.entries]);
  flushed(headers);
}

/**
 * Has the kernel read the table and waits until the partition's node is there. Gives the partition's kernel
 * name, which only the kernel knows.
 */
export async function awaitPartition(
  kernel: Kernel,
  device: BlockDevice,
  place: Place,
): Promise<void> {
  device.rereadPartitions();
  const what = `partition ${place.partition} of ${place.disk}, after its table was written,`;
  await kernel.waitForDevice(
    () => {
      const node = findNode(kernel, place.disk, place.partition);
      return node !== undefined && kernel.exists(node) ? node : undefined;
    },
    { what, timeoutMs: partitionTimeout },
  );
}
