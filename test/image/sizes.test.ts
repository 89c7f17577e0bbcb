import { expect, test } from "vitest";
import { manifest } from "../vm/harness/artifacts.ts";

/** 10^6 bytes, as promised in SPECIFICATION.md. */
const isoBudgetBytes = 95_000_000;

test("the ISO keeps within its budget", () => {
  const { artifacts, isFast } = manifest();
  expect(isFast, "dist/ was built with --fast: build it whole").toBe(false);
  const iso = artifacts.find(({ name }) => name === "boot2podman.iso");
  expect(iso?.sizeBytes).toBeLessThanOrEqual(isoBudgetBytes);
});
