import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Entry } from "../files/entry.ts";
import { importedPackages } from "./bundled.ts";
import { writeChecksums } from "./checksums.ts";
import { groupSizes } from "./groups.ts";
import { type Manifest, manifestText, parseManifest, readManifest } from "./manifest.ts";
import { sbomText } from "./sbom.ts";

const hash = "0".repeat(64);
const manifest: Manifest = {
  name: "boot2podman",
  version: "1.2.3",
  arch: "amd64",
  suite: "trixie",
  volumeId: "Boot2Podman-v1.2.3",
  timeSeconds: 1_700_000_000,
  isFast: false,
  kernel: { release: "6", commandLine: "noembed", modules: ["loop"] },
  groups: [],
  packages: [],
  artifacts: [{ name: "boot2podman.iso", sizeBytes: 1, sha256: hash }],
};

const file = (path: string, sha256: string, sizeBytes: number): Entry => ({
  path,
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes,
  sha256,
});

describe("the manifest", () => {
  it("comes back as it was written", () => {
    expect(parseManifest(manifestText(manifest), "m.json")).toEqual(manifest);
  });

  it("that is missing or damaged says how to get one", () => {
    expect(() => readManifest("/nonexistent")).toThrow(
      'cannot read /nonexistent/manifest.json: there is no such file; build the image with "npm run build"',
    );
    expect(() => parseManifest("{}", "m.json")).toThrow(/^m\.json is not the manifest of an image/);
  });
});

describe("sizes of groups", () => {
  const groups = new Map([
    ["small", [file("usr/bin/a", "a", 10)]],
    ["big", [file("usr/bin/b", "b", 100), file("usr/bin/b2", "b", 100)]],
  ]);
  const sizes = groupSizes(
    groups,
    new Map([
      ["a", 5],
      ["b", 40.4],
    ]),
    50,
  );

  it("count a content that two files share once, the biggest group first", () => {
    expect(sizes.slice(0, 2)).toEqual([
      { name: "big", files: 2, rawBytes: 200, compressedBytes: 40 },
      { name: "small", files: 1, rawBytes: 10, compressedBytes: 5 },
    ]);
  });

  it("add up to the image", () => {
    expect(sizes.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0)).toBe(50);
  });
});

describe("the SBOM", () => {
  const locked = {
    name: "libstdc++6",
    version: "1:14-1",
    archive: "debian" as const,
    path: "p",
    sizeBytes: 1,
    sha256: hash,
  };
  const licences = [
    { name: "GPL-3+", text: "" },
    { name: "own", text: "Do as you like." },
  ];
  const packages = [
    { locked, licences },
    { locked: { ...locked, name: "old" }, licences: undefined },
  ];
  const bundled = [{ name: "@scope/zod", version: "4.0.0", licence: "MIT" }];
  const text = sbomText(manifest, packages, bundled);

  it("names every package by its package URL", () => {
    expect(text).toContain('"pkg:deb/debian/libstdc++6@1%3A14-1?arch=amd64&distro=trixie"');
    expect(text).toContain('"pkg:npm/%40scope/zod@4.0.0"');
  });

  it("has only identifiers that SPDX allows, and says of each what contains it", () => {
    const document: { packages: { SPDXID: string }[]; relationships: unknown[] } = JSON.parse(text);
    for (const { SPDXID } of document.packages) {
      expect(SPDXID).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
    }
    expect(document.relationships).toHaveLength(document.packages.length);
  });

  it("says what licences each package declares, with the texts of those that SPDX doesn't know", () => {
    const document: {
      packages: { name: string; licenseDeclared: string }[];
      hasExtractedLicensingInfos: unknown[];
    } = JSON.parse(text);
    const declared = document.packages.map((one) => [one.name, one.licenseDeclared]);
    expect(declared).toEqual([
      ["boot2podman", "NOASSERTION"],
      ["libstdc++6", "GPL-3.0-or-later AND LicenseRef-libstdc-6-own"],
      ["old", "NOASSERTION"],
      ["@scope/zod", "MIT"],
    ]);
    expect(document.hasExtractedLicensingInfos).toEqual([
      { licenseId: "LicenseRef-libstdc-6-own", name: "own", extractedText: "Do as you like." },
    ]);
  });

  it("is the same for the same image", () => {
    expect(sbomText(manifest, packages, bundled)).toBe(text);
    expect(text).toContain('"created": "2023-11-14T22:13:20Z"');
  });
});

it("SHA256SUMS satisfies sha256sum", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sums-"));
  writeFileSync(join(folder, "b"), "2");
  writeFileSync(join(folder, "a"), "1");
  await writeChecksums(folder);
  const output = execFileSync("sha256sum", ["-c", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
  expect(output).toBe("a: OK\nb: OK\n");
});

it.each([
  ['import * as z from "zod/mini";', ["zod"]],
  ['import type { A } from "@a/b/c";', ["@a/b"]],
  ['import {\n  a,\n} from "tar";', ["tar"]],
  ['import { a } from "./a.ts";\nimport fs from "node:fs";\nimport { dlopen } from "bun:ffi";', []],
])("%s imports %j", (source, names) => {
  expect(importedPackages(source)).toEqual(names);
});
