import { expect, test } from "vitest";
import { checkQemuVersion, emulationThreads, parseQemuVersion } from "./version.ts";

test.each([
  ["QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright", 7, 2],
  ["QEMU emulator version 10.0.2\n", 10, 0],
])("%j is release %i.%i", (text, major, minor) => {
  expect(parseQemuVersion(text)).toEqual({ major, minor });
});

test.each(["", "emulator", "QEMU emulator version next"])("%j is no release", (text) => {
  expect(parseQemuVersion(text)).toBeUndefined();
});

test.each([
  [{ major: 7, minor: 2 }, "single"],
  [{ major: 8, minor: 0 }, "single"],
  [{ major: 8, minor: 1 }, "multi"],
  [{ major: 9, minor: 0 }, "multi"],
  [undefined, "single"],
])("release %j emulates with %s thread", (version, expected) => {
  expect(emulationThreads(version)).toBe(expected);
});

test.each([
  ["QEMU emulator version 5.0.1", false],
  ["QEMU emulator version 4.2.1 (Debian)", false],
  ["QEMU emulator version 5.1.0", true],
  ["QEMU emulator version 10.0.2", true],
  ["something else", true],
])("%s will do: %s", (text, willDo) => {
  const check = () => checkQemuVersion("/q", parseQemuVersion(text));
  if (willDo) {
    expect(check).not.toThrow();
  } else {
    expect(check).toThrow(/^\/q is QEMU \d\.\d, and machines need 5\.1 or later: /);
  }
});
