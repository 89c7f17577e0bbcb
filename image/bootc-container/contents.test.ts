import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ExtractedPackage } from "../extract/extract.ts";
import { storeContent } from "../files/content.ts";
import { type Entry, rootLink } from "../files/entry.ts";
import { packagesOfExtension, readExtension } from "../recipe/extension.ts";
import { lockPath, readLock, unlockedPackages } from "../resolve/lock.ts";
import { containerRecipe } from "./bootc-container.ts";
import { containerContents } from "./contents.ts";

const folder = mkdtempSync(join(tmpdir(), "container-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const store = { folder };
const recipe = readExtension(containerRecipe);

function packageWith(name: string, paths: readonly string[]): ExtractedPackage {
  const entries = paths.map((path): Entry => {
    const bytes = Buffer.from(path);
    const sha256 = storeContent(store, bytes);
    return { path, type: "file", mode: 0o4755, uid: 0, gid: 0, sizeBytes: bytes.length, sha256 };
  });
  const locked = { name, version: "1", archive: "debian", path: "x", sizeBytes: 1, sha256: "0" };
  return { locked: locked as ExtractedPackage["locked"], entries };
}

describe("the container image", () => {
  it("has the named files with their folders, a user, places to write, and links for merged /usr", () => {
    const packages = Object.entries(recipe.files).map(([name, paths]) => packageWith(name, paths));
    const libraries = recipe.opened_at_run_time.map((name) => `usr/lib/x86_64-linux-gnu/${name}`);
    const all = [...packages, packageWith("libc6", libraries)];
    const entries = containerContents(all, recipe, "recipe", "amd64", store);
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    for (const path of [
      "usr/bin/qemu-system-x86_64",
      "usr/bin/ssh",
      "usr/bin/tini",
      ...libraries,
    ]) {
      expect(byPath.get(path)).toMatchObject({ type: "file" });
    }
    expect(byPath.get("usr/bin")).toMatchObject({ type: "folder" });
    expect(byPath.get("etc/passwd")).toMatchObject({ type: "file" });
    expect(byPath.get("bin")).toEqual(rootLink("bin", "usr/bin"));
    expect(byPath.get("cache")).toMatchObject({ type: "folder" });
    for (const path of ["tmp", "var/tmp"]) {
      expect(byPath.get(path)).toMatchObject({ type: "folder", mode: 0o1777 });
    }
  });

  it("isn't made without a library that a program opens", () => {
    const packages = Object.entries(recipe.files).map(([name, paths]) => packageWith(name, paths));
    expect(() => containerContents(packages, recipe, "recipe", "amd64", store)).toThrow(
      "libpthread.so.0",
    );
  });

  it("comes from packages that are all locked", () => {
    for (const arch of recipe.archs) {
      const lock = readLock(lockPath(containerRecipe, arch));
      expect(lock && unlockedPackages(lock, packagesOfExtension(recipe))).toEqual([]);
    }
  });
});
