import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cachedPackage } from "../fetch/fetch.ts";
import { contentPath, readContent } from "../files/content.ts";
import type { Entry } from "../files/entry.ts";
import { silent } from "../report/progress.ts";
import type { Lock } from "../resolve/lock.ts";
import type { NamedLicence } from "./copyright.ts";
import { extractPackages, guestPath } from "./extract.ts";

describe("a real package", () => {
  let entries: Map<string, Entry>;
  let cacheDir: string;
  let licences: NamedLicence[] | undefined;

  beforeAll(async () => {
    cacheDir = mkdtempSync(join(tmpdir(), "extract-"));
    const lock = lockOf(buildPackage(cacheDir));
    const store = { folder: join(cacheDir, "content") };
    const [found] = await extractPackages(lock, cacheDir, store, silent);
    licences = found?.licences;
    entries = new Map(found?.entries.map((entry) => [entry.path, entry]));
  });

  it("gives files with mode, owner and content, without root and whoever unpacks", () => {
    const entry = entries.get("usr/bin/tool");
    expect(entry).toMatchObject({ type: "file", mode: 0o4755, uid: 0, gid: 0, sizeBytes: 5 });
    if (entry?.type !== "file") {
      throw new Error("no file");
    }
    const store = { folder: join(cacheDir, "content") };
    expect(readContent(store, entry.sha256).toString()).toBe("hello");
  });

  it("extracts a package again whose file was changed in the store, and says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), "extract-"));
    const lock = lockOf(buildPackage(folder));
    const store = { folder: join(folder, "content") };
    const [found] = await extractPackages(lock, folder, store, silent);
    const tool = found?.entries.find(({ path }) => path === "usr/bin/tool");
    if (tool?.type !== "file") {
      throw new Error("no file");
    }
    writeFileSync(contentPath(store, tool.sha256), "hostile");
    const said: string[] = [];
    const progress = { line: (text: string) => said.push(text), live: () => undefined };
    await extractPackages(lock, folder, store, progress);
    expect(readContent(store, tool.sha256).toString()).toBe("hello");
    expect(said.join()).toMatch(/have changed since they were written: extracting it again/);
  });

  it("gives links: symbolic ones as they are, hard ones as the file they share", () => {
    expect(entries.get("usr/bin/link")).toMatchObject({ type: "link", target: "tool" });
    expect(entries.get("usr/bin/other")).toMatchObject({
      type: "file",
      mode: 0o4755,
      sizeBytes: 5,
    });
  });

  it("puts what lies in /sbin where merged /usr has it, and leaves documentation out", () => {
    expect(entries.get("usr/sbin/old")).toMatchObject({ type: "file" });
    expect([...entries.keys()].filter((path) => path.includes("doc/"))).toEqual([]);
  });

  it("tells the licences that its documentation names", () => {
    expect(licences).toEqual([{ name: "Expat", text: "Do as you like." }]);
  });
});

/** Builds a package with dpkg-deb and returns its path. */
function buildPackage(folder: string): string {
  const tree = join(folder, "tree");
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  };
  write(
    "DEBIAN/control",
    "Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: n <n@example.org>\nDescription: d\n",
  );
  chmodSync(join(tree, "DEBIAN"), 0o755);
  write("usr/bin/tool", "hello");
  chmodSync(join(tree, "usr/bin/tool"), 0o4755);
  linkSync(join(tree, "usr/bin/tool"), join(tree, "usr/bin/other"));
  symlinkSync("tool", join(tree, "usr/bin/link"));
  write("sbin/old", "old");
  const format = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/";
  const copyright = `Format: ${format}\n\nFiles: *\nLicense: Expat\n Do as you like.\n`;
  write("usr/share/doc/tool/copyright", copyright);
  const target = join(folder, "tool.deb");
  execFileSync("dpkg-deb", ["--root-owner-group", "--build", tree, target], { stdio: "ignore" });
  return target;
}

function lockOf(packagePath: string): Lock {
  const bytes = readFileSync(packagePath);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const one = {
    name: "tool",
    version: "1",
    archive: "debian" as const,
    path: "pool/tool.deb",
    sizeBytes: bytes.length,
    sha256,
  };
  const target = cachedPackage(dirname(packagePath), one);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(packagePath, target);
  return {
    suite: "trixie",
    arch: "amd64",
    resolvedAt: "2026-01-01T00:00:00Z",
    kernelPackage: "none",
    packages: [one],
  };
}

it.each([
  ["./usr/bin/x", "usr/bin/x"],
  ["./sbin/x", "usr/sbin/x"],
  ["lib64/ld.so", "usr/lib64/ld.so"],
  ["./library/x", "library/x"],
  ["./etc/", "etc"],
  ["./", ""],
])("places %s at %s", (member, path) => {
  expect(guestPath(member)).toBe(path);
});
