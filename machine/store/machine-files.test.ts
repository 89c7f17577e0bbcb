import { expect, test } from "vitest";
import { checkSocketPaths, filesIn, machineFolder } from "./machine-files.ts";

test("a folder whose sockets have paths that fit is accepted", () => {
  // "/console" is the longest name of a socket.
  const folder = `/${"x".repeat(103 - 1 - "/console".length)}`;
  expect(() => checkSocketPaths(filesIn(folder))).not.toThrow();
});

test("a folder that is a byte too long is refused, with what to do", () => {
  const folder = `/${"x".repeat(104 - 1 - "/console".length)}`;
  expect(() => checkSocketPaths(filesIn(folder))).toThrow(/has 104 bytes.*--storage-path/);
});

test("a machine's files lie where existing clients keep them", () => {
  const files = filesIn(machineFolder("/s", "box"));
  expect(files.config).toBe("/s/machines/box/config.json");
  expect(files.disk).toBe("/s/machines/box/disk.qcow2");
  expect(files.monitor).toBe("/s/machines/box/monitor");
  expect(files.pid).toBe("/s/machines/box/qemu.pid");
});
