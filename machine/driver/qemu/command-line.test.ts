import { expect, test } from "vitest";
import { kernelCommandLine } from "./command-line.ts";

test.each([
  ["quiet noembed", "", "quiet noembed host=box"],
  ["quiet", "boot2podman.fault=x", "quiet host=box boot2podman.fault=x"],
  ["", "", "host=box"],
  [" quiet\n", " embed ", "quiet host=box embed"],
])("the image's %j and the person's %j give %j", (image, added, expected) => {
  expect(kernelCommandLine(image, "box", added)).toBe(expected);
});
