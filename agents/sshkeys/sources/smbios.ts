/** Structures of the SMBIOS table (DMTF DSP0134): what the machine's maker, or whoever starts the machine, tells it. */

const oemStringsType = 11;
const endOfTableType = 127;
const headerBytes = 4;

/**
 * The strings of all "OEM Strings" structures (type 11) of a raw SMBIOS table, in their order. A table that is
 * damaged ends where it stops making sense. Never throws.
 */
export function oemStrings(table: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at + headerBytes <= table.length; ) {
    const type = table[at] ?? endOfTableType;
    const formattedBytes = table[at + 1] ?? 0;
    if (type === endOfTableType || formattedBytes < headerBytes) break;
    const { strings, end } = stringsAt(table, at + formattedBytes);
    if (type === oemStringsType) found.push(...strings);
    at = end;
  }
  return found;
}

/** The strings behind a structure, each ended by a zero, all by another one. */
function stringsAt(table: Uint8Array, start: number): { strings: string[]; end: number } {
  const strings: string[] = [];
  let at = start;
  for (;;) {
    const end = table.indexOf(0, at);
    if (end === -1) return { strings, end: table.length };
    // Without any string there are two zeros all the same.
    if (end === at) return { strings, end: at + (strings.length === 0 ? 2 : 1) };
    strings.push(Buffer.from(table.subarray(at, end)).toString("utf8"));
    at = end + 1;
  }
}
