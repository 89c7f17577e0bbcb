import { expect, it } from "vitest";
import { parseElf, readElf } from "./elf.ts";

it("reads what a real program needs", () => {
  const facts = readElf(process.execPath);
  expect(facts?.needed.some((name) => name.startsWith("libc.so"))).toBe(true);
  expect(facts?.interpreter).toMatch(/^\/lib.*ld-/);
  expect([62, 183]).toContain(facts?.machine);
});

it("passes over files that are no programs, however short", () => {
  expect(readElf(new URL(import.meta.url).pathname)).toBeUndefined();
  expect(parseElf(() => Buffer.from("#!"))).toBeUndefined();
  expect(parseElf((_, sizeBytes) => Buffer.alloc(sizeBytes))).toBeUndefined();
});
