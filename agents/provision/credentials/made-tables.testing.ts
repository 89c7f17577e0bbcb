/** An SMBIOS table for tests: a structure of another type, the OEM strings, the end. */
export function oemTable(...strings: string[]): Uint8Array {
  const bios = [0, 6, 0, 0, 1, 2, ...Buffer.from("SeaBIOS\0rel-1\0\0")];
  const body = strings.map((text) => `${text}\0`).join("");
  const oem = [11, 5, 1, 0, strings.length, ...Buffer.from(body), 0];
  const bare = [32, 6, 2, 0, 9, 9, 0, 0];
  return Uint8Array.from([...bios, ...bare, ...oem, 127, 4, 3, 0, 0, 0]);
}
