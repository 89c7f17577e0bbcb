import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { closeInUse, inUsePath, readInUse, writeInUse } from "./in-use.ts";

const folder = { "/var/lib/boot2podman": null };

test("a disk without the mark was closed", () => {
  expect(readInUse(new FakeKernel().lay(folder))).toBeUndefined();
});

test.each(["open", "unchecked"] as const)("the mark says %s and since when", (state) => {
  const kernel = new FakeKernel().lay(folder);
  writeInUse(kernel, { state, sinceMs: 1_700_000_000_123.7 });
  expect(readInUse(kernel)).toEqual({ state, sinceMs: 1_700_000_000_123 });
});

test.each(["", "open\n", "closed 5\n", "open -5\n", "open 99999999999999999999\n", "\0\0\0\0"])(
  "%j asks for a check of all",
  (text) => {
    const kernel = new FakeKernel().lay({ [inUsePath]: text });
    expect(readInUse(kernel)).toEqual({ state: "unchecked", sinceMs: 0 });
  },
);

test("the shutdown takes the mark away", () => {
  const kernel = new FakeKernel().lay(folder);
  writeInUse(kernel, { state: "open", sinceMs: 5 });
  closeInUse(kernel);
  expect(readInUse(kernel)).toBeUndefined();
});

test("the shutdown leaves a mark whose check isn't done, and a disk without one", () => {
  const kernel = new FakeKernel().lay(folder);
  closeInUse(kernel);
  writeInUse(kernel, { state: "unchecked", sinceMs: 5 });
  closeInUse(kernel);
  expect(readInUse(kernel)).toEqual({ state: "unchecked", sinceMs: 5 });
});
