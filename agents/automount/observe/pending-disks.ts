import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";

const usbDrivers: readonly SystemPath[] = [
  "/sys/bus/usb/drivers/usb-storage",
  "/sys/bus/usb/drivers/uas",
];
const scsiDevices = "/sys/bus/scsi/devices";
/** SCSI peripheral device type of disks (SPC: INQUIRY). */
const scsiDisk = "0";

/** Whether the kernel knows of a disk that it has not shown yet, because it still looks at it. */
export function areDisksPending(kernel: Kernel): boolean {
  return isUsbStoragePending(kernel) || isScsiDiskPending(kernel);
}

/** The kernel gives USB storage a second or more to settle before it looks at it (usb-storage: delay_use). */
function isUsbStoragePending(kernel: Kernel): boolean {
  return usbDrivers.some((driver) =>
    entries(kernel, [driver], /^\d+-/).some((usbInterface) => {
      const targets = entries(kernel, entries(kernel, [usbInterface], /^host\d/), /^target\d/);
      return entries(kernel, targets, /^\d+:/).length === 0;
    }),
  );
}

/** The driver of SCSI and SATA disks looks at them in the background. */
function isScsiDiskPending(kernel: Kernel): boolean {
  return entries(kernel, [scsiDevices], /^\d+:\d+:\d+:\d+$/).some(
    (device) =>
      kernel.readTextIfPresent(`${device}/type`)?.trim() === scsiDisk &&
      kernel.listIfPresent(`${device}/block`).length === 0,
  );
}

function entries(kernel: Kernel, folders: readonly SystemPath[], name: RegExp): SystemPath[] {
  return folders.flatMap((folder) =>
    kernel
      .listIfPresent(folder)
      .filter((entry) => name.test(entry))
      .map((entry): SystemPath => `${folder}/${entry}`),
  );
}
