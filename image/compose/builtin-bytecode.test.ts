import { describe, expect, test } from "vitest";
import { blankBuiltinBytecode } from "./builtin-bytecode.ts";

const names = ["node:fs", "node:vm", "internal:fs/glob"];
const bytecode = (letter: string) => Buffer.from(`\x26\xed\xf0\xf1${letter.repeat(60)}`, "latin1");

function numbers(...all: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * all.length);
  for (const [index, one] of all.entries()) {
    bytes.writeUInt32LE(one, 4 * index);
  }
  return bytes;
}

/** A program as Bun's compiler lays one out, with one module, and the bytecode of three of Bun's own. */
function compiled(change: (parts: Buffer) => void = () => undefined): Buffer {
  const text = Buffer.from(names.join("\0"));
  const places = names.map((name) => numbers(text.indexOf(name), name.length, 0, 0, 0, 0));
  const textAt = 48 + 24 * names.length;
  const head = [
    Buffer.from("BUNBLTNS"),
    numbers(2, 0, names.length, 48, 0, 0, textAt, 0, 0, 0),
    ...places,
    text,
  ];
  const codes = names.map((_, index) => bytecode("abc"[index] ?? ""));
  const modulesAt = 3 * 64;
  const list = codes.flatMap((code, index) => [index, index * 64, code.length]);
  const parts = Buffer.concat([...codes, Buffer.alloc(52), numbers(7), numbers(3, ...list)]);
  change(parts);
  const end = Buffer.alloc(32);
  end.writeBigUInt64LE(BigInt(parts.length));
  end.writeUInt32LE(modulesAt, 8);
  end.writeUInt32LE(52, 12);
  return Buffer.concat([...head, parts, end, Buffer.from("\n---- Bun! ----\n")]);
}

describe("a compiled program", () => {
  test("keeps the bytecode of those of Bun's modules that a boot loads, and its length", () => {
    const program = compiled();
    const before = program.length;
    expect(blankBuiltinBytecode(program)).toBe(128);
    expect(program.length).toBe(before);
    expect(program.includes(bytecode("a"))).toBe(true);
    expect(program.includes("bbb")).toBe(false);
    expect(program.includes("ccc")).toBe(false);
  });

  test.each<[string, Buffer]>([
    ["without an end", Buffer.concat([compiled(), Buffer.alloc(1)]).fill(0, compiled().length - 8)],
    ["of other bytecode", compiled((parts) => parts.fill(0, 64, 68))],
    ["with a list of more modules than there are", compiled((parts) => parts.fill(9, 248, 252))],
    ["that is none", Buffer.from("no program")],
  ])("%s is left as it is", (_, program) => {
    const before = Buffer.from(program);
    expect(blankBuiltinBytecode(program)).toBe(0);
    expect(program.equals(before)).toBe(true);
  });
});
