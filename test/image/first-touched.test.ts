import path from "node:path";
import { expect, test } from "vitest";
import { firstTouched, generalPath } from "../../image/usr/first-touched.ts";
import { dist } from "../vm/harness/qemu.ts";
import { runOk } from "../vm/harness/run.ts";
import { squashfsOffset } from "../vm/harness/unpacked-usr.ts";

test("the files that a boot reads first are those of today's image: else npm run first-touched records them anew", async () => {
  const addOn = path.join(dist, "boot2podman.gz");
  const list = ["unsquashfs", "-l", "-d", "", "-o", String(await squashfsOffset(addOn)), addOn];
  const names = (await runOk(list)).split("\n").filter((line) => line.startsWith("/"));
  const inImage = new Set(names.map((name) => generalPath(name.slice(1))));
  const touched = firstTouched();
  const missing = touched.filter((name) => !inImage.has(name));
  expect(touched.length).toBeGreaterThan(100);
  // A package more or less is no reason to record anew.
  expect(missing.length, missing.join(", ")).toBeLessThan(touched.length / 10);
});
