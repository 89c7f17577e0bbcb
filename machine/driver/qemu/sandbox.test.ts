import { expect, test } from "vitest";
import { sandboxArguments } from "./sandbox.ts";

const facts = { isSupported: true, network: "user", isRoot: false, hasDisplay: false } as const;
const strict = "on,obsolete=deny,resourcecontrol=deny";

test.each([
  ["a machine without a window", facts, strict],
  ["one with a window", { ...facts, hasDisplay: true }, "on,obsolete=deny"],
  ["a tap", { ...facts, network: "tap" }, strict],
  ["root's bridge", { ...facts, network: "bridge", isRoot: true }, strict],
  ["an ordinary user's bridge, whose helper is setuid", { ...facts, network: "bridge" }, undefined],
  ["a QEMU that was built without", { ...facts, isSupported: false }, undefined],
] as const)("%s: %j is confined by %s", (_, found, expected) => {
  expect(sandboxArguments(found)).toEqual(expected === undefined ? [] : ["-sandbox", expected]);
});
