import { describe, expect, it } from "vitest";
import { readLock, unlockedPackages } from "../resolve/lock.ts";
import { parseExtension, readExtension } from "./extension.ts";
import { readImage } from "./image.ts";
import { hasFilesOf, packagesOf, parseRecipe } from "./recipe.ts";

const folder = new URL("..", import.meta.url).pathname;
const pathOf = (name: string) => `${folder}${name}.toml`;

describe("the flavours of the image", () => {
  it.each(["recipe", "core", "docker"])("%s is right for both architectures", (name) => {
    for (const arch of ["amd64", "arm64"] as const) {
      expect(readImage(pathOf(name), arch).arch).toBe(arch);
    }
  });

  it.each(["core", "docker"])("%s has all its packages locked", (name) => {
    const lock = readLock(`${folder}lock/${name}.amd64.json`);
    expect(lock && unlockedPackages(lock, packagesOf(readImage(pathOf(name))))).toEqual([]);
  });

  it("core has nothing of Podman's, and the modules that disks, networks and machines need", () => {
    const core = readImage(pathOf("core"));
    const whole = readImage(pathOf("recipe"));
    for (const name of ["podman", "netavark", "crun", "conmon", "passt"]) {
      expect([name, hasFilesOf(whole, name)]).toEqual([name, true]);
      expect([name, hasFilesOf(core, name)]).toEqual([name, false]);
    }
    expect(core.deltas).toEqual({});
    expect(core.links["usr/bin/docker"]).toBeUndefined();
    expect(core.modules.containers).toBeUndefined();
    for (const group of ["virtio", "filesystems", "disks", "network_cards", "hyperv"]) {
      expect([group, core.modules[group]]).toEqual([group, whole.modules[group]]);
    }
  });

  it("core keeps the programs that give the user's containers their ids: no extension may", () => {
    expect(Object.values(readImage(pathOf("core")).files).flatMap(Object.keys)).toContain("uidmap");
  });

  it("docker has the extension's packages, and its own files instead of some of the extension's", () => {
    const docker = readImage(pathOf("docker"));
    const extension = readExtension(`${folder}extensions/docker.toml`);
    expect(docker.files.docker).toEqual(extension.files);
    expect(docker.modules.docker).toEqual(extension.modules);
    expect(docker.moved).toEqual(extension.moved);
    expect(docker.trees).toEqual([extension.tree, `${folder}core`, `${folder}docker`]);
    expect(hasFilesOf(docker, "podman")).toBe(false);
  });
});

describe("an extension with groups of an image", () => {
  const parse = (ofImage: string) =>
    parseExtension(`description = "x"\n[of_image]\n${ofImage}`, `${folder}extensions/x.toml`);

  it("has their files, and what is made of their packages", () => {
    const podman = readExtension(`${folder}extensions/podman.toml`);
    const image = readImage(pathOf("recipe"));
    expect(podman.files.podman).toEqual(image.files.podman?.podman);
    expect(podman.files.netavark).toEqual(image.files.network?.netavark);
    expect(podman.deltas).toEqual(image.deltas);
    expect(podman.profiles).toEqual(image.apparmor.profiles);
    expect(podman.modules).toEqual(expect.arrayContaining(image.modules.containers ?? ["none"]));
    const modulesAlone = parse('recipe = "../recipe.toml"\nmodules = ["containers"]');
    expect([modulesAlone.deltas, modulesAlone.profiles, modulesAlone.files]).toEqual([{}, [], {}]);
  });

  it.each([
    [
      'recipe = "../recipe.toml"\nfiles = ["pdoman"]',
      /of_image\.files: .*no group pdoman; it has podman/,
    ],
    [
      'recipe = "../recipe.toml"\nmodules = ["x"]',
      /of_image\.modules: .*no group x; it has virtio/,
    ],
    ['recipe = "../none.toml"', "no such file"],
    ['recipe = "../recipe"', "of_image.recipe: expected the path of an image's recipe"],
  ])("%j is refused", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe("a recipe that drops", () => {
  it("a package has nothing that is made of it", () => {
    const text = 'extends = "recipe.toml"\ndrop.packages = ["podman"]';
    expect(parseRecipe(text, pathOf("x")).deltas).toEqual({});
  });

  it("a group has none of its files or modules, of no architecture", () => {
    const text = `extends = "recipe.toml"
      drop.groups = ["zones", "clusters", "hyperv"]`;
    const recipe = parseRecipe(text, pathOf("x"), "amd64");
    expect(recipe.files.zones).toBeUndefined();
    expect(recipe.modules.clusters).toBeUndefined();
    expect(recipe.modules.hyperv).toBeUndefined();
    expect(recipe.modules.disks).toContain("ahci");
  });
});
