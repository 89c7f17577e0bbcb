import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runBuild } from "./repository-copy.ts";

const repositoryFolder = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
/** Nothing listens there: connections are refused at once. */
const deadMirror = "http://127.0.0.1:1/debian";
const deadSnapshot = "http://127.0.0.1:1/archive";

let home: string;
let recipe: string;

/** Builds with a recipe, a cache and artifacts of its own; the old artifacts are a file "old". */
function build(...args: string[]) {
  return runBuild(repositoryFolder, [
    ...["--recipe", recipe, "--cache", join(home, "cache"), "--out", join(home, "dist")],
    ...["--mirror", deadMirror, "--snapshot", deadSnapshot],
    ...args,
  ]);
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "build-command-"));
  recipe = join(home, "recipe.toml");
  writeFileSync(recipe, readFileSync(join(repositoryFolder, "image", "recipe.toml")));
  mkdirSync(join(home, "dist"));
  writeFileSync(join(home, "dist", "old"), "kept");
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A failed build says why in one line and leaves the old artifacts and nothing beside them. */
function expectOneLine(run: { exitCode: number | null; stderr: string }, line: RegExp) {
  expect(run.stderr.trim()).toMatch(line);
  expect(run.stderr.trim().split("\n")).toHaveLength(1);
  expect(run.exitCode).toBe(1);
  expect(readdirSync(join(home, "dist"))).toEqual(["old"]);
  expect(readdirSync(home).filter((name) => name.startsWith("dist"))).toEqual(["dist"]);
}

describe("a build that can't be made", () => {
  it("for a wrong recipe names the file, the key and what was expected", async () => {
    writeFileSync(recipe, readFileSync(recipe, "utf8").replace("level = 19", "level = 99"));
    expectOneLine(await build(), /^boot2podman build: .*recipe\.toml: compression\.level: .*<=22/);
  });

  it("without network and lock names the mirror that was tried", async () => {
    expectOneLine(
      await build(),
      /^boot2podman build: cannot fetch the package indexes from http:\/\/127\.0\.0\.1:1\/debian/,
    );
  });

  it("--locked without a lock that fits says so", async () => {
    expectOneLine(await build("--locked"), /--locked: .*lock\/amd64\.json does not fit the recipe/);
  });

  it("--locked with packages that are nowhere to be had names them", async () => {
    mkdirSync(join(home, "lock"));
    const lock = readFileSync(join(repositoryFolder, "image", "lock", "amd64.json"));
    writeFileSync(join(home, "lock", "amd64.json"), lock);
    const run = await build("--locked");
    expectOneLine(
      run,
      /--locked: \d+ locked packages can be fetched neither .*: .* and \d+ more; build without/,
    );
    expect(readFileSync(join(home, "lock", "amd64.json")).equals(lock)).toBe(true);
  });

  it("for a wrong mirror says what one looks like", async () => {
    expectOneLine(
      await build("--mirror", "nonsense"),
      /"nonsense" is not a mirror: expected an http/,
    );
  });

  it.runIf(process.getuid?.() === 0)("on a full disk says so", async () => {
    const cache = join(home, "cache");
    mkdirSync(cache);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", cache]);
    try {
      mkdirSync(join(home, "lock"));
      writeFileSync(
        join(home, "lock", "amd64.json"),
        readFileSync(join(repositoryFolder, "image", "lock", "amd64.json")),
      );
      mkdirSync(join(cache, "packages"));
      for (const name of readdirSync(join(repositoryFolder, ".cache", "packages"))) {
        const source = join(repositoryFolder, ".cache", "packages", name);
        // Packages are there, so that it is extracting them which fills the disk.
        execFileSync("ln", ["-s", source, join(cache, "packages", name)]);
      }
      expectOneLine(await build("--locked"), /the disk is full/);
    } finally {
      execFileSync("umount", [cache]);
    }
  });
});

it("a wrong option is a usage error", async () => {
  const run = await build("--no-such-option");
  expect(run.exitCode).toBe(2);
  expect(run.stderr).toContain("unknown option '--no-such-option'");
});

it("--help lists the options", async () => {
  const run = await build("--help");
  expect(run.exitCode).toBe(0);
  for (const option of ["--recipe", "--arch", "--mirror", "--update", "--locked"]) {
    expect(run.stdout).toContain(option);
  }
});

it("a second build of the same inputs makes nothing anew", async () => {
  const dist = join(repositoryFolder, "dist");
  const files = () =>
    readdirSync(dist).map((name) => {
      const { ino, mtimeMs, size } = statSync(join(dist, name));
      return { name, ino, mtimeMs, size };
    });
  const first = await runBuild(repositoryFolder, []);
  expect(first.exitCode, first.stderr).toBe(0);
  expect(files().map(({ name }) => name)).toContain("boot2podman.iso");
  const built = files();
  const second = await runBuild(repositoryFolder, []);
  expect(second.stdout).toMatch(/^\S+ is up to date\nbuilt \S+ in \S+ s\n$/);
  expect(files()).toEqual(built);
});
