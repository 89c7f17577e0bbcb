import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { beforeAll, describe, expect, test } from "vitest";
import { readLock } from "../../image/resolve/lock.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
/** Brings the settings that Podman has on the distribution: without them ping failed in every container. */
const packageName = "golang-github-containers-common";

let theirs: Map<string, string>;
beforeAll(() => {
  const lock = readLock(join(repository, "image/lock/amd64.json"));
  const locked = lock?.packages.find(({ name }) => name === packageName);
  const file = join(repository, ".cache/packages", `${locked?.sha256}.deb`);
  const archive = execFileSync("dpkg-deb", ["--fsys-tarfile", file], { maxBuffer: 2 ** 28 });
  const tar = (...words: string[]) =>
    execFileSync("tar", words, { input: archive, encoding: "utf8", maxBuffer: 2 ** 28 });
  const paths = tar("-t")
    .split("\n")
    .filter((path) => /^\.\/(etc|usr\/share)\/containers\/.*[^/]$/.test(path));
  theirs = new Map(paths.map((path) => [path.slice(2), tar("-xO", path)]));
});

const ours = (path: string) => readFileSync(join(repository, "image/tree", path), "utf8");
const recipe = () => readFileSync(join(repository, "image/recipe.toml"), "utf8");

/** "containers.default_sysctls" → its value as JSON, for all that isn't a table. */
function settings(table: object, above = ""): [string, string][] {
  return Object.entries(table).flatMap(([key, value]): [string, string][] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? settings(value, `${above}${key}.`)
      : [[`${above}${key}`, JSON.stringify(value)]],
  );
}

describe("of the distribution's settings of containers", () => {
  test("every file is known: a new one has to be looked at", () => {
    expect([...theirs.keys()].sort()).toEqual([
      "etc/containers/policy.json",
      "etc/containers/registries.conf.d/shortnames.conf",
      "usr/share/containers/containers.conf",
      "usr/share/containers/seccomp.json",
    ]);
  });

  test("all that containers.conf sets is set in ours, to the same", () => {
    const path = "usr/share/containers/containers.conf";
    const wanted = settings(parse(theirs.get(path) ?? ""));
    expect(wanted.length).toBeGreaterThan(0);
    const present = new Map(settings(parse(ours(path))));
    for (const [key, value] of wanted) {
      expect(present.get(key), key).toBe(value);
    }
  });

  test("policy.json says the same as ours", () => {
    const path = "etc/containers/policy.json";
    expect(JSON.parse(ours(path))).toEqual(JSON.parse(theirs.get(path) ?? ""));
  });

  test.each([
    "etc/containers/registries.conf.d/shortnames.conf",
    "usr/share/containers/seccomp.json",
  ])("%s is taken as it is", (path) => {
    expect(recipe()).toContain(`"${path}"`);
  });
});
