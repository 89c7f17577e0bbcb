import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Recipe, readRecipe } from "../recipe/recipe.ts";
import { type Lock, lockPath, parseLock, readLock, writeLock } from "./lock.ts";
import { misfit, resolvePackages, withoutUnwanted } from "./resolve.ts";

const recipePath = new URL("../recipe.toml", import.meta.url).pathname;

function lockOf(recipe: Recipe): Lock {
  const lock = readLock(lockPath(recipePath, recipe.arch));
  if (!lock) {
    throw new Error("the repository has no lock file");
  }
  return lock;
}

describe("a lock file", () => {
  it("comes back as it was written, and leaves nothing else", () => {
    const lock = lockOf(readRecipe(recipePath));
    const path = join(mkdtempSync(join(tmpdir(), "lock-")), "lock", "amd64.json");
    writeLock(path, lock);
    expect(readLock(path)).toEqual(lock);
    expect(readdirSync(dirname(path))).toEqual(["amd64.json"]);
  });

  it("is none when there is no such file", () => {
    expect(readLock("/nonexistent/amd64.json")).toBeUndefined();
  });

  it("that is damaged is refused with the way out", () => {
    expect(() => parseLock("{", "l.json")).toThrow(/l\.json is not JSON: restore it, or renew it/);
    expect(() => parseLock('{"suite": 3}', "l.json")).toThrow(/l\.json is wrong: suite: /);
  });

  it("lies beside its recipe, one for each architecture", () => {
    expect(lockPath("/r/recipe.toml", "arm64")).toBe("/r/lock/arm64.json");
    expect(lockPath("/r/big.toml", "amd64")).toBe("/r/lock/big.amd64.json");
  });

  it("names no host", () => {
    for (const arch of ["amd64", "arm64"] as const) {
      expect(JSON.stringify(readLock(lockPath(recipePath, arch)))).not.toMatch(/:\/\/|\.org/);
    }
  });
});

describe("a lock fits a recipe", () => {
  const recipe = readRecipe(recipePath);

  it("when it has every package of it", () => {
    expect(misfit(lockOf(recipe), recipe)).toBeUndefined();
  });

  it("not when a package is missing, or it is for something else", () => {
    const lock = lockOf(recipe);
    const without = lock.packages.filter(({ name }) => name !== "crun");
    expect(misfit({ ...lock, packages: without }, recipe)).toBe("it lacks crun");
    expect(misfit({ ...lock, arch: "arm64" }, recipe)).toBe("it is for arm64, not amd64");
    expect(misfit({ ...lock, suite: "forky" }, recipe)).toBe("it is for forky, not trixie");
  });

  it("also with more, which is left out", () => {
    const lock = lockOf(recipe);
    const [first] = lock.packages;
    if (!first) {
      throw new Error("the lock file is empty");
    }
    const more = { ...lock, packages: [...lock.packages, { ...first, name: "cowsay" }] };
    expect(misfit(more, recipe)).toBeUndefined();
    expect(withoutUnwanted(more, recipe)).toEqual(lock);
  });
});

it("--locked refuses a lock that doesn't fit, without asking any mirror", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lock-"));
  const recipe = readRecipe(recipePath);
  const lockFile = join(folder, "amd64.json");
  const lock = lockOf(recipe);
  writeFileSync(lockFile, JSON.stringify({ ...lock, packages: lock.packages.slice(1) }));
  const resolving = resolvePackages(recipe, {
    lockFile,
    cacheDir: folder,
    mirrors: () => {
      throw new Error("asked for a mirror");
    },
    update: false,
    locked: true,
    progress: { line: () => undefined, live: () => undefined },
  });
  await expect(resolving).rejects.toThrow(
    /^--locked: .*amd64\.json does not fit the recipe \(it lacks /,
  );
});
