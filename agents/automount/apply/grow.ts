import type { BlockDevice } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { withDosSize } from "../content/dos-table.ts";
import { gptWrites, readGptPlan } from "../content/gpt.ts";
import { gptEntriesOffset } from "../disk/layout.ts";
import { findNode } from "../observe/block-devices.ts";
import type { Place } from "../plan/steps.ts";

const resizeTimeout = { quietMs: 600_000, mostMs: 24 * 3_600_000 };
const partitionTimeout = { quietMs: 15_000 };
/** The array of entries takes 16 KiB; the second place for it lies behind the first. */
const otherEntriesOffset = gptEntriesOffset + 32 * 1024;

/**
 * Gives a partition its new size, in one write of one sector: of the DOS table, or of the header of our GPT, whose
 * new entries were put elsewhere before. Then waits until the kernel knows the size.
 */
export async function growPartition(
  kernel: Kernel,
  device: BlockDevice,
  sectorBytes: number,
  place: Place,
  sizeBytes: number,
): Promise<void> {
  const first = device.read(0, sectorBytes);
  const grown = withDosSize(first, place.partition, sizeBytes / sectorBytes);
  if (grown === undefined) {
    growGpt(device, sectorBytes, sizeBytes);
  } else {
    device.write(0, grown);
  }
  device.fsync();
  const node = findNode(kernel, place.disk, place.partition);
  const folder: SystemPath = `/sys/block/${place.disk}/${node?.slice("/dev/".length)}`;
  // Not the whole table: the kernel doesn't read it again while another partition is mounted.
  const startBytes = Number(kernel.readTextIfPresent(`${folder}/start`)) * 512;
  device.resizePartition(place.partition, startBytes, sizeBytes);
  const hasGrown = () =>
    Number(kernel.readTextIfPresent(`${folder}/size`)) * 512 === sizeBytes || undefined;
  const what = `partition ${place.partition} of ${place.disk} with ${sizeBytes} bytes`;
  await kernel.waitForDevice(hasGrown, { what, timeoutMs: partitionTimeout });
}

/** Grows the mounted filesystem to the end of its partition; the kernel does it under the journal. */
export async function growFilesystem(kernel: Kernel, node: string): Promise<void> {
  await runChecked(kernel, ["resize2fs", node], { timeoutMs: resizeTimeout });
}

/**
 * The backup at the new end first, then new entries beside the old ones, and last the header that leads there. The
 * protective table stays: such disks are larger than it can say.
 */
function growGpt(device: BlockDevice, sectorBytes: number, sizeBytes: number): void {
  const old = readGptPlan(device, sectorBytes);
  if (old === undefined) {
    throw new KernelError("grow", device.path, "EINVAL", { detail: "not a GPT that we wrote" });
  }
  const wasFirst = old.entriesSector * sectorBytes === gptEntriesOffset;
  const entriesOffset = wasFirst ? otherEntriesOffset : gptEntriesOffset;
  const diskSectors = Math.floor(device.sizeBytes / sectorBytes);
  const entriesSector = entriesOffset / sectorBytes;
  const writes = gptWrites({
    ...old,
    diskSectors,
    sectors: sizeBytes / sectorBytes,
    entriesSector,
  });
  for (const { offsetBytes, content } of [writes.backupEntries, writes.entries]) {
    device.write(offsetBytes, content);
  }
  device.fsync();
  device.write(writes.backupHeader.offsetBytes, writes.backupHeader.content);
  device.fsync();
  device.write(writes.header.offsetBytes, writes.header.content);
  device.fsync();
}
