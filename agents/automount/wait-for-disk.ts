import type { Flavour } from "../flavour/flavour.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { hasCode } from "../kernel/kernel-error.ts";
import { type AutomountOptions, isOff, type Selector } from "../settings/options/automount.ts";
import type { Disk } from "./disk/disk.ts";
import { filesystemsOf } from "./disk/filesystems.ts";
import { machineId } from "./disk/last-machine.ts";
import { type BareDisk, listDisks } from "./observe/block-devices.ts";
import { observeDisks } from "./observe/observe.ts";
import { areDisksPending } from "./observe/pending-disks.ts";
import { type Plan, plan } from "./plan/plan.ts";

/** The disks as they are now, and the plan for them. */
export interface Planned {
  disks: readonly Disk[];
  plan: Plan;
}

/** For a disk or partitions that the kernel is about to show. */
const pendingQuietMs = 8_000;

/**
 * Observes and plans; with `waitusb` again after each disk or partition that comes, until there is what is
 * waited for or the time is over. A disk that would be set up only because it is blank doesn't end the wait: the
 * one that is waited for may still come. What the kernel is about to show, a USB disk or the partitions of a disk
 * that has just come, is waited for unasked.
 */
export async function observeAndPlan(
  kernel: Kernel,
  options: AutomountOptions,
  flavour: Flavour,
  inVirtualMachine: boolean,
): Promise<Planned> {
  const startMs = kernel.uptimeMs();
  const machine = machineId(kernel);
  for (;;) {
    const disks = isOff(options) ? [] : await observeDisks(kernel, flavour);
    const planned = { disks, plan: plan({ disks, options, flavour, inVirtualMachine, machine }) };
    if (isOff(options) || isThere(planned, options.wait?.for)) {
      return planned;
    }
    const arePending = areDisksPending(kernel);
    const isPending = arePending || disks.some(lacksPartitions);
    const leftMs = startMs + (options.wait?.timeoutMs ?? 0) - kernel.uptimeMs();
    // Who asked for more seconds gets them; what the kernel is busy with may take a slow host longer than these.
    const limit = isPending && leftMs < pendingQuietMs ? { quietMs: pendingQuietMs } : leftMs;
    if (typeof limit === "number" && limit <= 0) {
      return planned;
    }
    const hasChanged = () =>
      areDisksPending(kernel) !== arePending || listing(listDisks(kernel)) !== listing(disks);
    try {
      const find = () => (hasChanged() ? true : undefined);
      await kernel.waitForDevice(find, { what: "a data disk", timeoutMs: limit });
    } catch (error) {
      if (hasCode(error, "ETIMEDOUT")) {
        return planned;
      }
      throw error;
    }
  }
}

function isThere({ disks, plan: { row } }: Planned, awaited: Selector | undefined): boolean {
  if (awaited === undefined) {
    return row !== undefined && row !== "blank-format" && row !== "named-missing";
  }
  return filesystemsOf(disks).some(({ ext4 }) =>
    awaited.by === "uuid" ? ext4.uuid === awaited.value : ext4.label === awaited.value,
  );
}

/** A disk can be seen before the kernel has read its table; it shows the partitions afterwards. */
function lacksPartitions({ content, partitions }: Disk): boolean {
  if (content.is !== "table" || !content.table.isWhole) {
    return false;
  }
  return content.table.entries.length > partitions.length;
}

/** Changes when a disk, a partition or a medium comes or goes. */
function listing(disks: readonly BareDisk[]): string {
  return JSON.stringify(
    disks.map(({ name, sizeBytes, partitions }) => [
      name,
      sizeBytes,
      ...partitions.map((partition) => partition.name),
    ]),
  );
}
