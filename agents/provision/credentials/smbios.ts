import { smbiosStructures } from "../../hypervisor/facts/smbios-structures.ts";

const oemStringsType = 11;

/** The strings of all "OEM Strings" structures (type 11) of a raw SMBIOS table, in their order. Never throws. */
export function oemStrings(table: Uint8Array): string[] {
  return [...smbiosStructures(table)].flatMap(({ type, strings }) =>
    type === oemStringsType ? strings : [],
  );
}
