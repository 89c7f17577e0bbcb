import { spawnSync } from "node:child_process";
import { mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { hostNeeds, packageOf } from "../host-packages.ts";
import { buildTools } from "../image/tool/required-tools.ts";

const setup = path.resolve(import.meta.dirname, "..", "setup");
const needs = hostNeeds();
const purposes = ["debian", "build", "start", "test", "wish", "bench", "arm64", "fleet"];

/** What ./setup finds missing on a machine that has no apt-get and hardly a program. */
function missingFor(purpose: string): string[] {
  const bare = mkdtempSync(path.join(tmpdir(), "bare-"));
  for (const program of ["sh", "dirname", "uname", "id"]) {
    const found = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" });
    symlinkSync(found.stdout.trim(), path.join(bare, program));
  }
  const { status, stderr } = spawnSync(path.join(bare, "sh"), [setup, purpose], {
    encoding: "utf8",
    env: { PATH: bare },
  });
  expect(status).toBe(1);
  const [, packages = ""] = /^setup: missing:(.*) – and there is no apt-get/.exec(stderr) ?? [];
  return packages.trim().split(" ");
}

describe("the table of the host's packages", () => {
  test("has a known purpose and a Debian package's name in every row", () => {
    expect(needs.length).toBeGreaterThan(20);
    for (const { purpose, debianPackage } of needs) {
      expect(purposes).toContain(purpose);
      expect(debianPackage).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
    }
  });

  test("names each program or file once", () => {
    const names = needs.map(({ wanted }) => wanted);
    expect(new Set(names).size).toBe(names.length);
  });

  test("has every program that the build calls", () => {
    expect(buildTools.filter((tool) => packageOf(tool) === undefined)).toEqual([]);
  });

  test("knows no package of a program that isn't in it", () => {
    expect(packageOf("frobnicate")).toBeUndefined();
    expect(packageOf("#")).toBeUndefined();
  });
});

describe("./setup finds missing", () => {
  test("for a build what the table has for builds, each package once", () => {
    const missing = missingFor("build");
    expect(missing).toEqual([...new Set(missing)]);
    expect(missing).toEqual(expect.arrayContaining(["xorriso", "mtools", "zstd", "xz-utils"]));
    const forBuilds = needs.filter(({ purpose }) => purpose === "build");
    const known = forBuilds.map(({ debianPackage }) => debianPackage);
    expect(missing.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("for a start also what runs machines, on this processor alone", () => {
    const missing = missingFor("start");
    expect(missing).toEqual(expect.arrayContaining(["xorriso", "qemu-utils", "openssh-client"]));
    const emulators = missing.filter((name) => name.startsWith("qemu-system-"));
    expect(emulators).toEqual([process.arch === "arm64" ? "qemu-system-arm" : "qemu-system-x86"]);
  });

  test("for the tests also what tests need", () => {
    expect(missingFor("test")).toEqual(
      expect.arrayContaining(["xorriso", "qemu-utils", "podman", "squashfs-tools"]),
    );
  });
});
