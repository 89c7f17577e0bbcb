import { vboxGuestDevice } from "../../hypervisor/known/virtualbox.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { connectHgcm } from "./guest-device.ts";

/** Functions of VBoxSharedFolders (VirtualBox: VBox/shflsvc.h). */
const queryMappings = 1;
const queryMapName = 2;
/** Of all shares, those that the owner marked as automatic. */
const automaticOnly = 0x10;

const mostShares = 64;
const mappingBytes = 8;
const stringHeadBytes = 4;
const longestNameBytes = 512;

/**
 * Names of the machine's automatic shares, as the host of VirtualBox gives them. Throws when the host has none or
 * refuses.
 */
export function listVirtualBoxShares(kernel: Kernel): string[] {
  const device = kernel.openDevice(vboxGuestDevice);
  try {
    const folders = connectHgcm(device, "VBoxSharedFolders");
    const mappings = Buffer.alloc(mostShares * mappingBytes);
    const [, count = 0] = folders.call("list shares", queryMappings, [
      automaticOnly,
      mostShares,
      mappings,
    ]);
    const names: string[] = [];
    for (let index = 0; index < Math.min(count, mostShares); index += 1) {
      const root = mappings.readUInt32LE(index * mappingBytes + 4);
      // Capacity, length without the final NUL, then UTF-16.
      const text = Buffer.alloc(stringHeadBytes + longestNameBytes);
      text.writeUInt16LE(longestNameBytes, 0);
      folders.call("name a share", queryMapName, [root, text]);
      const lengthBytes = Math.min(text.readUInt16LE(2), longestNameBytes);
      const name = text.toString("utf16le", stringHeadBytes, stringHeadBytes + lengthBytes);
      names.push(name.replace(/\0.*$/s, ""));
    }
    folders.disconnect();
    return names.filter((name) => name !== "");
  } finally {
    device.close();
  }
}
