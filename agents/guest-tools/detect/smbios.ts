const biosInformation = 0;
const endOfTable = 127;
/** Offsets in the structure "BIOS information" (SMBIOS 3, 7.1). */
const extensionByte2 = 0x13;
const isVirtualMachine = 0x10;

/**
 * Whether the firmware's tables mark the machine as a virtual one. False too for tables that are cut off or that
 * never say.
 *
 * @param tables /sys/firmware/dmi/tables/DMI
 */
export function smbiosSaysVirtual(tables: Uint8Array): boolean {
  let offset = 0;
  while (offset + 4 <= tables.length) {
    const type = tables[offset];
    const lengthBytes = tables[offset + 1] ?? 0;
    if (type === endOfTable || lengthBytes < 4) return false;
    if (type === biosInformation) {
      const flags = lengthBytes > extensionByte2 ? (tables[offset + extensionByte2] ?? 0) : 0;
      return (flags & isVirtualMachine) !== 0;
    }
    // Strings follow, each ended by NUL, and one more NUL at the end.
    let end = offset + lengthBytes;
    while (end + 1 < tables.length && (tables[end] !== 0 || tables[end + 1] !== 0)) end += 1;
    offset = end + 2;
  }
  return false;
}
