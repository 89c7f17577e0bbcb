import type { Writer } from "./files.ts";
import type { Kernel } from "./kernel.ts";

/** Name of the virtio-serial port on which the host hears how the boot goes. */
export const bootPortName = "org.boot2podman.boot.0";

/** The port, opened for writing; undefined when the host gave none. */
export function openBootPort(kernel: Kernel): Writer | undefined {
  const path = findVirtioPort(kernel, bootPortName);
  return path === undefined ? undefined : kernel.openWriter(path);
}

/** Device node of the virtio-serial port with that name (there is no udev to link it by name). */
export function findVirtioPort(kernel: Kernel, name: string): string | undefined {
  const found = virtioPorts(kernel).find((port) => port.name === name);
  return found?.path;
}

/** All named virtio-serial ports. */
export function virtioPorts(kernel: Kernel): { name: string; path: string }[] {
  const folder = "/sys/class/virtio-ports";
  return kernel.listIfPresent(folder).flatMap((port) => {
    const name = kernel.readTextIfPresent(`${folder}/${port}/name`)?.trim();
    return name === undefined || name === "" ? [] : [{ name, path: `/dev/${port}` }];
  });
}
