import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Builder, copyRepository, runBuild } from "./repository-copy.ts";

const timeoutMs = 600_000;

/** Whoever runs the tests, and (when that is root) an ordinary user who keeps files to himself. */
const builders: Builder[] = [
  { uid: process.getuid?.() ?? 0, umask: "022" },
  { uid: 65534, umask: "077" },
];

describe("two builds of the same inputs, in different folders and as different users", () => {
  const folders: string[] = [];

  beforeAll(async () => {
    for (const [index, builder] of builders.entries()) {
      folders.push(copyRepository(index === 0 ? "one" : "another-build", builder));
    }
    const runs = await Promise.all(
      builders.map((builder, index) =>
        // Only the strength of the compression differs from a user's build.
        runBuild(folders[index] ?? "", ["--locked", "--fast"], builder),
      ),
    );
    for (const { exitCode, stderr } of runs) {
      expect(exitCode, stderr).toBe(0);
    }
  }, timeoutMs);

  afterAll(() => {
    for (const folder of folders) {
      rmSync(dirname(folder), { recursive: true, force: true });
    }
  });

  it("give the same bytes of every artifact", () => {
    const [one, another] = folders.map((folder) => {
      const names = readdirSync(join(folder, "dist")).sort();
      return names.map((name) => [name, hashOf(join(folder, "dist", name))]);
    });
    expect(one?.map(([name]) => name)).toEqual([
      "SHA256SUMS",
      "boot2podman-usr.img",
      "boot2podman.gz",
      "boot2podman.iso",
      "boot2podman.qcow2.zst",
      "corepure64.gz",
      "manifest.json",
      "sbom.spdx.json",
      "vmlinuz64",
    ]);
    expect(another).toEqual(one);
  });

  it("give the same bytes of an extension", async () => {
    const recipe = "lsattr.toml";
    const names = await Promise.all(
      builders.map(async (builder, index) => {
        const folder = folders[index] ?? "";
        copyFileSync(join(import.meta.dirname, recipe), join(folder, recipe));
        const { exitCode, stderr } = await runBuild(
          folder,
          ["--locked", recipe],
          builder,
          "extension",
        );
        expect(exitCode, stderr).toBe(0);
        const out = join(folder, "dist-extensions");
        return readdirSync(out).map((name) => [name, hashOf(join(out, name))]);
      }),
    );
    const files = names.map((all) => Object.fromEntries(all));
    expect(Object.keys(files[0] ?? {})).toContain("lsattr-1.47.2-x86-64.raw");
    expect(files[1]).toEqual(files[0]);
  });

  it("have owners, modes and setuid bits right without root", () => {
    const listing = execFileSync("unsquashfs", ["-lln", usrImageOf(folders[1] ?? "")], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    const facts = new Map(
      listing.split("\n").map((line) => {
        const [mode = "", owner = "", , , , path = ""] = line.split(/\s+/);
        return [path.replace(/^squashfs-root\/?/, ""), `${mode} ${owner}`];
      }),
    );
    const root = "share/boot2podman/root";
    expect(facts.get("bin/newuidmap")).toBe("-rwsr-xr-x 0/0");
    expect(facts.get("bin/doas")).toBe("-rwsr-xr-x 0/0");
    expect(facts.get("lib/boot2podman/agents")).toBe("-rwxr-xr-x 0/0");
    expect(facts.get(`${root}/home/tc`)).toBe("drwxr-xr-x 1000/50");
    expect(facts.get(`${root}/etc/shadow`)).toBe("-rw------- 0/0");
    expect(facts.get(`${root}/tmp`)).toBe("drwxrwxrwt 0/0");
  });
});

function usrImageOf(copy: string): string {
  const home = join(copy, ".cache", "steps", "usr");
  const [step] = readdirSync(home);
  return join(home, step ?? "", "usr.squashfs");
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
