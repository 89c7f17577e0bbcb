import { isDeepStrictEqual } from "node:util";
import type { Kernel } from "../kernel/kernel.ts";
import { hasCode } from "../kernel/kernel-error.ts";
import type { Disk } from "./disk.ts";
import type { Flavour } from "./flavour.ts";
import { type BareDisk, listDisks } from "./observe/block-devices.ts";
import { observeDisks } from "./observe/observe.ts";
import { isUsbStoragePending } from "./observe/usb-storage.ts";
import type { AutomountOptions, Selector } from "./options.ts";
import { filesystemsOf } from "./plan/filesystems.ts";
import { type Plan, plan } from "./plan/plan.ts";

export interface Planned {
  disks: readonly Disk[];
  plan: Plan;
}

/** For a USB disk that the kernel has not looked at yet. */
const usbPatienceMs = 8_000;

/**
 * Observes and plans; with `waitusb` again after each disk or partition that comes, until there is what is
 * waited for or the time is over. A disk that would be set up only because it is blank doesn't end the wait: the
 * one that is waited for may still come. A USB disk that the kernel is about to show is waited for unasked.
 */
export async function observeAndPlan(
  kernel: Kernel,
  options: AutomountOptions,
  flavour: Flavour,
  inVirtualMachine: boolean,
): Promise<Planned> {
  const startMs = kernel.uptimeMs();
  for (;;) {
    const disks = options.enabled ? await observeDisks(kernel, flavour) : [];
    const planned = { disks, plan: plan({ disks, options, flavour, inVirtualMachine }) };
    if (!options.enabled || isThere(planned, options.wait?.for)) return planned;
    const isUsbPending = isUsbStoragePending(kernel);
    const patienceMs = options.wait?.timeoutMs ?? (isUsbPending ? usbPatienceMs : 0);
    const leftMs = startMs + patienceMs - kernel.uptimeMs();
    if (leftMs <= 0) return planned;
    const hasChanged = () =>
      isUsbStoragePending(kernel) !== isUsbPending ||
      !isDeepStrictEqual(listing(listDisks(kernel)), listing(disks));
    try {
      const find = () => (hasChanged() ? true : undefined);
      await kernel.waitForDevice(find, { what: "a data disk", timeoutMs: leftMs });
    } catch (error) {
      if (hasCode(error, "ETIMEDOUT")) return planned;
      throw error;
    }
  }
}

function isThere({ disks, plan: { row } }: Planned, awaited: Selector | undefined): boolean {
  if (awaited === undefined)
    return row !== undefined && row !== "blank-format" && row !== "named-missing";
  return filesystemsOf(disks).some(({ ext4 }) =>
    awaited.by === "uuid" ? ext4.uuid === awaited.value : ext4.label === awaited.value,
  );
}

/** Changes when a disk, a partition or a medium comes or goes. */
function listing(disks: readonly BareDisk[]) {
  return disks.map(({ name, sizeBytes, partitions }) => ({
    name,
    sizeBytes,
    partitions: partitions.map((partition) => partition.name),
  }));
}
