/** The whole table, which needs no module (kernel: Documentation/ABI/testing/sysfs-firmware-dmi-tables). */
export const smbiosTable = "/sys/firmware/dmi/tables/DMI";

const endOfTableType = 127;
const headerBytes = 4;

/** One structure of the SMBIOS table (DMTF DSP0134, 6.1): what the machine's maker, or whoever starts it, says. */
export interface SmbiosStructure {
  type: number;
  /** The part of numbers, with its header, so that the standard's offsets count in it. */
  formatted: Uint8Array;
  /** The texts behind it. */
  strings: readonly string[];
}

/**
 * The structures of a raw SMBIOS table, in their order. A table that is damaged ends where it stops making sense.
 * Never throws.
 */
export function* smbiosStructures(table: Uint8Array): Generator<SmbiosStructure> {
  for (let at = 0; at + headerBytes <= table.length; ) {
    const type = table[at] ?? endOfTableType;
    const formattedBytes = table[at + 1] ?? 0;
    if (type === endOfTableType || formattedBytes < headerBytes) {
      return;
    }
    const formatted = table.subarray(at, at + formattedBytes);
    const { strings, end } = stringsAt(table, at + formattedBytes);
    yield { type, formatted, strings };
    at = end;
  }
}

/** The strings behind a structure, each ended by a zero, all by another one. */
function stringsAt(table: Uint8Array, start: number): { strings: string[]; end: number } {
  const strings: string[] = [];
  let at = start;
  for (;;) {
    const end = table.indexOf(0, at);
    if (end === -1) {
      return { strings, end: table.length };
    }
    // Without any string there are two zeros all the same.
    if (end === at) {
      return { strings, end: at + (strings.length === 0 ? 2 : 1) };
    }
    strings.push(Buffer.from(table.subarray(at, end)).toString("utf8"));
    at = end + 1;
  }
}
