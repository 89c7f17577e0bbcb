import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";

const versions = z.record(z.string(), z.string());
const packageSchema = z.object({ dependencies: versions, devDependencies: versions });
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ resolved: z.string().optional() })),
});

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), "utf8"));
}

describe("the npm packages", () => {
  const { dependencies, devDependencies } = packageSchema.parse(read("package.json"));
  const all = { ...dependencies, ...devDependencies };

  test("are pinned to exact versions", () => {
    const open = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
    expect(open).toEqual([]);
  });

  test("have the types of the Bun that runs and is in the image", () => {
    expect(all["@types/bun"]).toBe(all.bun);
  });

  test("are locked without the address of a registry: each builder has its own", () => {
    const packages = Object.entries(lockSchema.parse(read("package-lock.json")).packages);
    expect(packages.length).toBeGreaterThan(20);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});
