import { readdirSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { matchesPattern } from "../compose/packages.ts";
import { readLock, unlockedPackages } from "../resolve/lock.ts";
import { packagesOfExtension, parseExtension, readExtension } from "./extension.ts";

const folder = new URL("../extensions", import.meta.url).pathname;
const names = readdirSync(folder).filter((name) => name.endsWith(".toml"));
const archs = ["amd64", "arm64"] as const;

describe("the extensions of the repository", () => {
  const all = names.flatMap((name) => archs.map((arch) => [name, arch] as const));
  it.each(all)("%s is right, and all its packages are locked for %s", (name, arch) => {
    const imageLock = readLock(new URL(`../lock/${arch}.json`, import.meta.url).pathname);
    const recipe = readExtension(`${folder}/${name}`, arch);
    if (!recipe.archs.includes(arch)) {
      return;
    }
    const wanted = packagesOfExtension(recipe);
    const beside = imageLock === undefined ? wanted : unlockedPackages(imageLock, wanted);
    const lock = readLock(`${folder}/lock/${recipe.name}.${arch}.json`);
    expect(beside.length === 0 ? [] : lock && unlockedPackages(lock, beside)).toEqual([]);
  });

  it("need only each other", () => {
    const needs = names.flatMap((name) => readExtension(`${folder}/${name}`).needs);
    expect(names).toEqual(expect.arrayContaining(needs.map((name) => `${name}.toml`)));
  });
});

describe("a wrong recipe gets one line with the file, the key and what was expected", () => {
  const mistakes: [what: string, path: string, text: string, message: RegExp][] = [
    ["a name with capitals", "Foo.toml", 'description = "x"', /^Foo\.toml: .*name of an extension/],
    ["no description", "foo.toml", "", /^foo\.toml: description: /],
    ["an unknown key", "foo.toml", 'description = "x"\nfile = {}', /^foo\.toml: .*"file"/],
    [
      "a leading slash",
      "foo.toml",
      'description = "x"\nfiles.jq = ["/usr/bin/jq"]',
      /files\.jq\.0: expected a path without a leading slash/,
    ],
    ["what is no TOML", "foo.toml", "a = = 3", /^foo\.toml:1:\d+: not valid TOML/],
  ];
  it.each(mistakes)("%s", (_, path, text, message) => {
    expect(() => parseExtension(text, path)).toThrow(message);
  });

  it("a file that isn't there", () => {
    expect(() => readExtension("/nonexistent/x.toml")).toThrow("there is no such file");
  });
});

test.each([
  ["usr/lib/a.so", "usr/lib/*.so", true],
  ["usr/lib/x/a.so", "usr/lib/*.so", false],
  ["usr/lib/x/y/a.so", "usr/lib/**", true],
  ["usr/lib/x/y/a.so", "usr/**/*.so", true],
  ["usr/libx/a", "usr/lib/**", false],
  ["usr/lib+/a", "usr/lib+/*", true],
])("%s fits %s: %s", (path, pattern, fits) => {
  expect(matchesPattern(path, pattern)).toBe(fits);
});
