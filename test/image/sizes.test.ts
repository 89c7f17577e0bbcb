import { expect, test } from "vitest";
import { manifest } from "../vm/harness/artifacts.ts";

/** 10^6 bytes, as promised in SPECIFICATION.md. */
const isoBudgetBytes = 95_000_000;

test("the ISO keeps within its budget, and the disk image isn't larger", () => {
  const { artifacts, isFast } = manifest();
  expect(isFast, "dist/ was built with --fast: build it whole").toBe(false);
  const sizeOf = (wanted: string) => artifacts.find(({ name }) => name === wanted)?.sizeBytes;
  expect(sizeOf("boot2podman.iso")).toBeLessThanOrEqual(isoBudgetBytes);
  expect(sizeOf("boot2podman.qcow2.zst")).toBeLessThanOrEqual(sizeOf("boot2podman.iso") ?? 0);
});
