import { smbiosStructures } from "./smbios-structures.ts";

const biosInformation = 0;
/** Offset in the structure "BIOS information" (SMBIOS 3, 7.1). */
const extensionByte2 = 0x13;
const isVirtualMachine = 0x10;

/**
 * Whether the firmware's tables mark the machine as a virtual one. False too for tables that are cut off or that
 * never say.
 */
export function smbiosSaysVirtual(table: Uint8Array): boolean {
  for (const { type, formatted } of smbiosStructures(table)) {
    if (type === biosInformation) {
      return ((formatted[extensionByte2] ?? 0) & isVirtualMachine) !== 0;
    }
  }
  return false;
}
