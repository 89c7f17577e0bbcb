import { describe, expect, test } from "vitest";
import { smbiosStructures } from "./smbios-structures.ts";

const text = (...strings: string[]) => [...Buffer.from(strings.map((one) => `${one}\0`).join(""))];
const bios = [0, 6, 0, 0, 7, 8, ...text("SeaBIOS", "größe", "")];
const bare = [32, 5, 1, 0, 9, 0, 0];
const end = [127, 4, 2, 0, 0, 0];

const typesIn = (...bytes: number[]) =>
  [...smbiosStructures(Uint8Array.from(bytes))].map(({ type }) => type);

describe("the structures of an SMBIOS table", () => {
  test("come with their numbers and texts", () => {
    expect([...smbiosStructures(Uint8Array.from([...bios, ...bare, ...end]))]).toEqual([
      { type: 0, formatted: Uint8Array.from([0, 6, 0, 0, 7, 8]), strings: ["SeaBIOS", "größe"] },
      { type: 32, formatted: Uint8Array.from([32, 5, 1, 0, 9]), strings: [] },
    ]);
  });

  test.each([
    ["at its end, whatever lies behind", [...bare, ...end, ...bios], [32]],
    ["where it is cut off", [...bare, ...bios.slice(0, 3)], [32]],
    ["at a length that can't be", [...bare, 11, 3, 0, 0, ...bios], [32]],
    ["in texts without an end", [...bare, ...bios.slice(0, -2)], [32, 0]],
  ])("end %s", (_, bytes, types) => {
    expect(typesIn(...bytes)).toEqual(types);
  });
});
