import { expect, test } from "vitest";
import { sandboxArguments } from "./sandbox.ts";

const facts = { isSupported: true, network: "user", isRoot: false, hasDisplay: false } as const;
const root = { ...facts, isRoot: true } as const;
const strict = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
const spawning = "on,obsolete=deny,elevateprivileges=deny,resourcecontrol=deny";

test.each([
  ["a machine without a window", facts, strict],
  ["root's machine without a window", root, strict],
  ["restricted networking", { ...facts, network: "restricted" }, strict],
  ["a tap", { ...facts, network: "tap" }, strict],
  ["a window", { ...facts, hasDisplay: true }, spawning],
  ["root's bridge", { ...root, network: "bridge" }, spawning],
  ["root's bridge and a window", { ...root, network: "bridge", hasDisplay: true }, spawning],
  ["an ordinary user's bridge, whose helper is setuid", { ...facts, network: "bridge" }, undefined],
  ["the same with a window", { ...facts, network: "bridge", hasDisplay: true }, undefined],
  ["a QEMU that was built without", { ...facts, isSupported: false }, undefined],
  ["such a QEMU on root's bridge", { ...root, network: "bridge", isSupported: false }, undefined],
] as const)("%s: %j is confined by %s", (_, found, expected) => {
  expect(sandboxArguments(found)).toEqual(expected === undefined ? [] : ["-sandbox", expected]);
});
