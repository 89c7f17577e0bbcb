import { describe, expect, it } from "vitest";
import { blankIcuLocales, isKept } from "./icu-data.ts";

/** A program with an ICU data package of these items, each of 16 bytes of its first letter. */
function programWith(names: readonly string[]): { program: Buffer; base: number } {
  const header = Buffer.alloc(32);
  header.writeUInt16LE(32, 0);
  header.writeUInt16BE(0xda27, 2);
  header.write("CmnD", 12, "latin1");
  const tocBytes = 4 + names.length * 8;
  const texts = names.map((name) => Buffer.from(`${name}\0`));
  const namesBytes = texts.reduce((sum, text) => sum + text.length, 0);
  const toc = Buffer.alloc(tocBytes);
  toc.writeUInt32LE(names.length, 0);
  let nameAt = tocBytes;
  for (const [index, text] of texts.entries()) {
    toc.writeUInt32LE(nameAt, 4 + index * 8);
    toc.writeUInt32LE(tocBytes + namesBytes + index * 16, 8 + index * 8);
    nameAt += text.length;
  }
  const data = names.map((_, index) => Buffer.alloc(16, index + 1));
  const before = Buffer.from("program code, CmnD by chance, more code");
  const program = Buffer.concat([before, header, toc, ...texts, ...data]);
  return { program, base: before.length + 32 };
}

describe("ICU's data in a program", () => {
  const names = ["icudt78l/de.res", "icudt78l/en.res", "icudt78l/fr.res", "icudt78l/root.res"];

  it("loses other languages from its table of contents, and their bytes become zeros", () => {
    const { program, base } = programWith(names);
    const original = Buffer.from(program);
    expect(blankIcuLocales(program)).toBe(32);
    expect(program.length).toBe(original.length);
    expect(program.readUInt32LE(base)).toBe(2);
    const items = [0, 1].map((index) => {
      const name = base + program.readUInt32LE(base + 4 + index * 8);
      const data = base + program.readUInt32LE(base + 8 + index * 8);
      return [program.toString("latin1", name, program.indexOf(0, name)), program[data]];
    });
    expect(items).toEqual([
      ["icudt78l/en.res", 2],
      ["icudt78l/root.res", 4],
    ]);
    // Nothing of de and fr is left.
    expect(program.includes(Buffer.alloc(16, 1))).toBe(false);
    expect(program.includes(Buffer.alloc(16, 3))).toBe(false);
    expect(program.subarray(0, base - 32)).toEqual(original.subarray(0, base - 32));
  });

  it("is left alone when there is none", () => {
    const program = Buffer.from("a program without, though it says CmnD somewhere in the middle");
    const original = Buffer.from(program);
    expect(blankIcuLocales(program)).toBe(0);
    expect(program).toEqual(original);
  });
});

it.each([
  ["icudt78l/de.res", false],
  ["icudt78l/curr/zh_Hant.res", false],
  ["icudt78l/coll/es__TRADITIONAL.res", false],
  ["icudt78l/brkitr/thaidict.dict", false],
  ["icudt78l/en.res", true],
  ["icudt78l/zone/en_US.res", true],
  ["icudt78l/root.res", true],
  ["icudt78l/res_index.res", true],
  ["icudt78l/zoneinfo64.res", true],
  ["icudt78l/coll/ucadata.icu", true],
  ["icudt78l/nfkc.nrm", true],
  ["icudt78l/brkitr/word.brk", true],
])("%s stays: %s", (name, stays) => {
  expect(isKept(name)).toBe(stays);
});
