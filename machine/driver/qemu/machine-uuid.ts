import { createHash } from "node:crypto";

/**
 * The UUID that the guest finds in its firmware: always the same for a machine, since a guest with several data
 * disks knows by it which one was its own the last time. Version 8 of RFC 9562: made from the machine's folder.
 */
export function machineUuid(folder: string): string {
  const bytes = createHash("sha256").update(folder).digest().subarray(0, 16);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The MAC address of its network interface: always the same too, below the prefix that QEMU's cards have. */
export function machineMac(folder: string): string {
  const bytes = createHash("sha256").update(folder).digest().subarray(16, 19);
  return `52:54:00:${bytes.toString("hex").replace(/^(..)(..)/, "$1:$2:")}`;
}
