import type { Kernel } from "../../kernel/kernel.ts";

const drivers = ["/sys/bus/usb/drivers/usb-storage", "/sys/bus/usb/drivers/uas"];

/**
 * Whether a USB mass storage device is attached whose disk has not appeared: the kernel gives such devices a
 * second or more to settle before it looks at them (usb-storage: delay_use).
 */
export function isUsbStoragePending(kernel: Kernel): boolean {
  return drivers.some((driver) =>
    kernel
      .listIfPresent(driver)
      .filter((name) => /^\d+-/.test(name))
      .some((name) => !hasDisk(kernel, `${driver}/${name}`)),
  );
}

/** The disk's folder is interface/host0/target0:0:0/0:0:0:0/block. */
function hasDisk(kernel: Kernel, usbInterface: string): boolean {
  const below = (folders: readonly string[], name: RegExp) =>
    folders.flatMap((folder) =>
      kernel
        .listIfPresent(folder)
        .filter((entry) => name.test(entry))
        .map((entry) => `${folder}/${entry}`),
    );
  const units = below(below(below([usbInterface], /^host\d/), /^target\d/), /^\d+:/);
  return units.some((unit) => kernel.listIfPresent(`${unit}/block`).length > 0);
}
