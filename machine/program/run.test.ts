import { expect, test } from "vitest";
import { findProgram } from "./find.ts";
import { lastLine, runProgram } from "./run.ts";

const node = process.execPath;

test("output and exit status are collected", async () => {
  const script = "console.log('out'); console.error('err'); process.exit(3)";
  const result = await runProgram(node, ["-e", script], { timeoutMs: 60_000 });
  expect(result).toMatchObject({ exitCode: 3, stdout: "out\n", stderr: "err\n", timedOut: false });
});

test("a program that takes too long is killed", async () => {
  const result = await runProgram(node, ["-e", "setInterval(() => {}, 1000)"], { timeoutMs: 200 });
  expect(result).toMatchObject({ exitCode: undefined, timedOut: true });
});

test.each([
  ["qemu-system-x86_64", "install the package qemu-system-x86"],
  ["qemu-img", "install the package qemu-utils"],
  ["ssh", "install the package openssh-client"],
  ["frobnicate", "install it"],
])("a missing %s is told with its package", async (program, advice) => {
  const path = process.env.PATH;
  process.env.PATH = "/nonexistent";
  try {
    const message = `${program} is not installed: ${advice}, or add it to PATH.`;
    await expect(runProgram(program, [], { timeoutMs: 60_000 })).rejects.toThrow(message);
    await expect(findProgram(program)).rejects.toThrow(message);
  } finally {
    process.env.PATH = path;
  }
});

test("a program that is there is found, by name and by path", async () => {
  expect(await findProgram("sh")).toMatch(/\/sh$/);
  expect(await findProgram(node)).toBe(node);
});

test.each([
  ["one\ntwo\n", "two"],
  ["one", "one"],
  ["", ""],
])("the last line of %j is %j", (text, expected) => {
  expect(lastLine(text)).toBe(expected);
});
