import { expect, test } from "vitest";
import { storeFolder } from "./location.ts";

test.each([
  ["/a", "/b", "/a"],
  [undefined, "/b", "/b"],
  [undefined, "", "/home/p/.local/machine"],
  [undefined, undefined, "/home/p/.local/machine"],
])("option %s and environment %s give %s", (storagePath, variable, expected) => {
  const environment = { MACHINE_STORAGE_PATH: variable };
  expect(storeFolder({ storagePath, environment, home: "/home/p" })).toBe(expected);
});

test("a relative folder is made absolute", () => {
  const folder = storeFolder({ storagePath: "store", environment: {}, home: "/home/p" });
  expect(folder).toBe(`${process.cwd()}/store`);
});
