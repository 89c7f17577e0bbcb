import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mergeOver } from "./base.ts";
import { packagesOf, parseRecipe, readRecipe } from "./recipe.ts";

const recipePath = new URL("../recipe.toml", import.meta.url).pathname;
const recipeText = readFileSync(recipePath, "utf8");

describe("the recipe of the repository", () => {
  it.each(["amd64", "arm64"] as const)("is right for %s", (arch) => {
    const recipe = parseRecipe(recipeText, "r.toml", arch);
    expect(recipe.arch).toBe(arch);
    expect(packagesOf(recipe)).toContain("podman");
  });

  it("merges the parts of its architecture in", () => {
    const amd64 = parseRecipe(recipeText, "r.toml", "amd64");
    const arm64 = parseRecipe(recipeText, "r.toml", "arm64");
    expect(amd64.modules.disks).toContain("ahci");
    expect(amd64.modules.disks).toContain("ata_piix");
    expect(arm64.modules.disks).toContain("ahci");
    expect(arm64.modules.disks).not.toContain("ata_piix");
    expect(packagesOf(arm64)).not.toContain("isolinux");
  });
});

describe("a wrong recipe gets one line with the file, the key and what was expected", () => {
  const mistakes: [what: string, from: string | RegExp, to: string, message: RegExp][] = [
    ["a misspelt section", "[groups]", "[gruops]", /^r\.toml: \(top level\): unknown key "gruops"/],
    [
      "a word for a number",
      "level = 19",
      'level = "high"',
      /^r\.toml: compression\.level: .*expected number/,
    ],
    [
      "an odd block size",
      "1_048_576",
      "1_000_000",
      /compression\.block_bytes: expected a power of two/,
    ],
    ["an unknown architecture", 'arch = "amd64"', 'arch = "mips"', /^r\.toml: arch: .*amd64/],
    [
      "a leading slash",
      '"usr/bin/conmon"',
      '"/usr/bin/conmon"',
      /files\.runtime\.conmon\.0: expected a path without a leading slash/,
    ],
    [
      "a module with a dash",
      '"virtio_blk"',
      '"virtio-blk"',
      /modules\.virtio\.0: expected a kernel module's name/,
    ],
    [
      "a mode that isn't octal",
      'mode = "4755"',
      'mode = "4789"',
      /permissions\.0\.mode: expected an octal mode/,
    ],
    [
      "a volume id without version",
      "Boot2Podman-v{version}",
      "Boot2Podman",
      /image\.volume_id: expected the word \{version\}/,
    ],
    ["a long timeout", "timeout_tenths = 5", "timeout_tenths = 50", /menu\.timeout_tenths: /],
    [
      "a user's name with a space",
      'name = "tc"',
      'name = "t c"',
      /users\.2\.name: expected the name of a user/,
    ],
  ];

  it.each(mistakes)("%s", (_, from, to, message) => {
    const text = recipeText.replace(from, to);
    expect(text).not.toBe(recipeText);
    expect(() => parseRecipe(text, "r.toml")).toThrow(message);
  });

  it("text that isn't TOML, with line and column", () => {
    expect(() => parseRecipe('suite = "x"\narch = = 3\n', "r.toml")).toThrow(
      /^r\.toml:2:\d+: not valid TOML/,
    );
  });

  it("a file that isn't there", () => {
    expect(() => readRecipe("/nonexistent/r.toml")).toThrow(
      "cannot read the recipe /nonexistent/r.toml: there is no such file",
    );
  });
});

describe("a recipe that is laid over another", () => {
  const path = new URL("../vmware.toml", import.meta.url).pathname;

  it("has the base's packages and its own", () => {
    const packages = packagesOf(readRecipe(path));
    expect(packages).toContain("podman");
    expect(packages).toContain("open-vm-tools");
    expect(packagesOf(readRecipe(path.replace("vmware", "recipe")))).not.toContain("open-vm-tools");
  });

  it("takes nothing of VMware's that lets the host run programs or lists processes", () => {
    const files = Object.values(readRecipe(path).files.vmware ?? {}).flat();
    expect(files.join(" ")).not.toMatch(/vix|serviceDiscovery|deployPkg|componentMgr|appInfo|gdp/i);
  });

  it("has modules of its own beside the base's", () => {
    const { modules } = readRecipe(path.replace("vmware", "nfs"));
    expect(modules.nfs).toContain("nfsv4");
    expect(modules.virtio).toContain("virtio_blk");
  });

  it("merges tables, makes lists longer, and replaces what is neither", () => {
    const base = { a: 1, list: [1], table: { x: 1, y: 2 } };
    const over = { a: 2, list: [2], table: { y: 3 }, more: true };
    expect(mergeOver(base, over)).toEqual({
      a: 2,
      list: [1, 2],
      table: { x: 1, y: 3 },
      more: true,
    });
  });

  it("may be based on one that has a base, and drop what that has", () => {
    const text = `extends = "modules.toml"
      [drop]
      packages = ["rsync", "hyperv-daemons"]
      modules = ["wireguard", "btrfs"]
      links = ["usr/bin/docker"]`;
    const recipe = parseRecipe(text, path);
    const packages = packagesOf(recipe);
    expect(packages).toContain("podman");
    expect(packages).not.toContain("rsync");
    expect(packages).not.toContain("hyperv-daemons");
    expect(Object.values(recipe.modules).flat()).toContain("xfs");
    expect(Object.values(recipe.modules).flat()).not.toContain("btrfs");
    expect(recipe.modules.networks).not.toContain("wireguard");
    expect(recipe.links["usr/bin/docker"]).toBeUndefined();
    expect(recipe.links["usr/bin/varlink"]).toBeDefined();
  });

  it("that is based on itself is refused", () => {
    expect(() => parseRecipe('extends = "loop.toml"', "/nonexistent/r.toml")).toThrow(
      "no such file",
    );
  });

  it("says which base isn't there", () => {
    expect(() => parseRecipe('base = "none.toml"', "/nonexistent/r.toml")).toThrow(
      "cannot read the recipe /nonexistent/none.toml: there is no such file",
    );
  });

  it("finds further trees beside itself", () => {
    const trees = parseRecipe('base = "recipe.toml"\ntrees = ["mine"]', path).trees;
    expect(trees).toEqual([path.replace("vmware.toml", "mine")]);
  });
});
