import type { NextBoots } from "../../powercut/next-boot.ts";
import type { Identity } from "../harness/data-disk.ts";

/** The machine with a blank disk on every bus, shared by groups of tests; filled in before the first of them runs. */
export interface Attached {
  identity: Identity;
  boots: NextBoots;
}

/**
 * A blank disk on every kind of bus, by how QEMU is told. The power-cut lab has virtio-scsi with sectors of 512 bytes
 * and virtio-blk with 4096.
 */
export const buses = [
  { name: "IDE", device: "ide-hd,bus=ide.0", sectorBytes: 512 },
  { name: "SATA", device: "ide-hd,bus=ahci.0", sectorBytes: 512 },
  { name: "virtio-blk", device: "virtio-blk-pci", sectorBytes: 512 },
  { name: "virtio-scsi", device: "scsi-hd,bus=lab.0", sectorBytes: 4096 },
  { name: "NVMe", device: "nvme", sectorBytes: 4096 },
  { name: "USB", device: "usb-storage,bus=usb.0", sectorBytes: 512 },
];
export const mebibyte = 2 ** 20;

/** How large the disk at that place of the list is; each is known by its size. */
export const sizeBytesOf = (index: number) => (100 + index) * mebibyte;
