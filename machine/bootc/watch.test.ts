import { expect, test } from "vitest";
import { imageName } from "./watch.ts";

test.each([
  ["os", "os"],
  ["My Images.d", "my-images-d"],
  ["--", "folder"],
])("a folder %j is built as localhost/watch-%s", (folder, name) => {
  expect(imageName(folder)).toBe(name);
});
