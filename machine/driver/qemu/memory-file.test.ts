import { expect, test } from "vitest";
import { needsMemoryFile } from "./memory-file.ts";

test.each([
  [{ major: 7, minor: 2 }, false],
  [{ major: 8, minor: 0 }, false],
  [{ major: 8, minor: 1 }, true],
  [{ major: 10, minor: 0 }, true],
  [undefined, false],
])("release %j is given the memory that is to be saved: %s", (version, isGiven) => {
  expect(needsMemoryFile(version)).toBe(isGiven);
});
