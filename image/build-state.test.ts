import { chmodSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { inputsKey, isCurrent, recordState } from "./build-state.ts";

let repository: string;
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "state-"));
  for (const name of ["image/tree/etc", "image/initrds", "agents", "dist"]) {
    mkdirSync(join(repository, name), { recursive: true });
  }
  for (const [name, text] of [
    ["package.json", "{}"],
    ["package-lock.json", "{}"],
    ["image/recipe.toml", "recipe"],
    ["image/lock.json", "lock"],
    ["image/code.ts", "code"],
    ["image/initrds/init", "init"],
    ["image/tree/etc/motd", "hello"],
    ["agents/program.ts", "program"],
    ["agents/program.test.ts", "test"],
    ["dist/a", "artifact"],
  ] as const) {
    writeFileSync(join(repository, name), text);
  }
});

const keyOf = (settings: unknown = null) =>
  inputsKey({
    repository,
    recipePath: join(repository, "image/recipe.toml"),
    lockFile: join(repository, "image/lock.json"),
    settings,
  });

describe("the key of the inputs changes with", () => {
  it.each([
    "package.json",
    "package-lock.json",
    "image/recipe.toml",
    "image/lock.json",
    "image/code.ts",
    "image/initrds/init",
    "image/tree/etc/motd",
    "agents/program.ts",
  ])("%s", (name) => {
    const before = keyOf();
    writeFileSync(join(repository, name), "changed");
    expect(keyOf()).not.toBe(before);
  });

  it("an execute bit, a new file, the settings", () => {
    const before = keyOf();
    expect(keyOf("arm64")).not.toBe(before);
    chmodSync(join(repository, "image/tree/etc/motd"), 0o755);
    const executable = keyOf();
    expect(executable).not.toBe(before);
    writeFileSync(join(repository, "image/tree/etc/new"), "");
    expect(keyOf()).not.toBe(executable);
  });

  it("but not with a test, nor with the folder it lies in", () => {
    const before = keyOf();
    writeFileSync(join(repository, "agents/program.test.ts"), "other");
    const moved = mkdtempSync(join(tmpdir(), "moved-"));
    cpSync(repository, moved, { recursive: true });
    repository = moved;
    expect(keyOf()).toBe(before);
  });
});

describe("artifacts are up to date", () => {
  it("when they were made of these inputs and nobody touched them", () => {
    const [cacheDir, outDir] = [join(repository, "cache"), join(repository, "dist")];
    expect(isCurrent(cacheDir, outDir, "k")).toBe(false);
    recordState(cacheDir, outDir, "k");
    expect(isCurrent(cacheDir, outDir, "k")).toBe(true);
    expect(isCurrent(cacheDir, outDir, "other")).toBe(false);
    writeFileSync(join(outDir, "a"), "changed by hand");
    expect(isCurrent(cacheDir, outDir, "k")).toBe(false);
  });
});
