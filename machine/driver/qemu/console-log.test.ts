import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lastConsoleLine, panicLine, readConsoleEnd } from "./console-log.ts";

test.each([
  ["one\ntwo\n", "two"],
  ["one\r\ntwo\r\n\r\n  \r\n", "two"],
  ["\u001b[31mred\u001b[0m\n", "red"],
  ["bell\u0007 and \u0000nul\n", "bell and nul"],
  ["box:~$ \u001b[6n", "box:~$"],
  ["", undefined],
  ["\n\n", undefined],
])("the last line of %j is %j", (text, expected) => {
  expect(lastConsoleLine(text)).toBe(expected);
});

test("a line beyond all bounds is cut", () => {
  expect(lastConsoleLine("x".repeat(1000))).toHaveLength(200);
});

test.each([
  [
    "[   13.0] Kernel panic - not syncing: VFS: Unable to mount root fs\n[   13.1] ---[ end Kernel panic - not syncing: VFS ]---\n",
    "Kernel panic - not syncing: VFS: Unable to mount root fs",
  ],
  ["login: ", undefined],
  ["", undefined],
])("the panic in %j is %j", (text, expected) => {
  expect(panicLine(text)).toBe(expected);
});

test("only the end of a large console is read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "console-"));
  try {
    const path = join(folder, "console.log");
    await writeFile(path, `${"x".repeat(100_000)}\nthe end\n`);
    const text = await readConsoleEnd(path);
    expect(text).toHaveLength(8192);
    expect(lastConsoleLine(text)).toBe("the end");
    expect(await readConsoleEnd(join(folder, "none"))).toBe("");
  } finally {
    await rm(folder, { recursive: true });
  }
});
