import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ExtractedPackage } from "../extract/extract.ts";
import { contentPath } from "../files/content.ts";
import { type Entry, rootFolder, rootLink, withParents } from "../files/entry.ts";
import { readRecipe } from "../recipe/recipe.ts";
import { accountFiles } from "./accounts.ts";
import { busyboxLinks } from "./busybox.ts";
import { matchesPattern, pickPackageFiles } from "./packages.ts";
import { readStaticTree } from "./static-tree.ts";
import { applyPermissions, placeInUsr } from "./tree.ts";

const recipePath = new URL("../recipe.toml", import.meta.url).pathname;
const ownRecipe = readRecipe(recipePath);

const file = (path: string, mode = 0o644): Entry => ({
  path,
  type: "file",
  mode,
  uid: 0,
  gid: 0,
  sizeBytes: 1,
  sha256: path,
});

describe("the static tree", () => {
  it("is root's whatever the builder's umask made of it, and keeps execute bits and links", () => {
    const folder = mkdtempSync(join(tmpdir(), "tree-"));
    mkdirSync(join(folder, "etc"), { mode: 0o700 });
    writeFileSync(join(folder, "etc/plain"), "v@VERSION@", { mode: 0o600 });
    writeFileSync(join(folder, "etc/version"), "v@VERSION@", { mode: 0o600 });
    writeFileSync(join(folder, "run"), "#!/bin/sh");
    chmodSync(join(folder, "run"), 0o711);
    symlinkSync("run", join(folder, "link"));
    const store = { folder: mkdtempSync(join(tmpdir(), "content-")) };
    const entries = readStaticTree(folder, store, ["etc/version"], { VERSION: "1.2.3" });
    const summary = entries.map((one) => [
      one.path,
      one.mode.toString(8),
      one.uid,
      one.type === "file" ? one.sizeBytes : one.type,
    ]);
    expect(summary).toEqual([
      ["etc", "755", 0, "folder"],
      ["etc/plain", "644", 0, 10],
      ["etc/version", "644", 0, 6],
      ["link", "777", 0, "link"],
      ["run", "755", 0, 9],
    ]);
  });

  it.each([
    ["amd64", "ttyS0"],
    ["arm64", "ttyAMA0"],
  ] as const)("has a shell on the serial console of %s", (arch, console) => {
    const store = { folder: mkdtempSync(join(tmpdir(), "content-")) };
    const recipe = readRecipe(recipePath, arch);
    const entries = readStaticTree(join(dirname(recipePath), "tree"), store, recipe.templates, {
      VERSION: "1.2.3",
      CONSOLE: recipe.machine.console,
    });
    const inittab = entries.find(({ path }) => path === "etc/inittab");
    if (inittab?.type !== "file") {
      throw new Error("the tree has no etc/inittab");
    }
    expect(readFileSync(contentPath(store, inittab.sha256), "utf8")).toContain(
      `\n::respawn:/usr/lib/boot2podman/service console ${console}\n`,
    );
  });

  it("must have the recipe's templates", () => {
    const folder = mkdtempSync(join(tmpdir(), "tree-"));
    expect(() => readStaticTree(folder, { folder }, ["etc/none"], {})).toThrow(
      /templates: "etc\/none" is not in/,
    );
  });
});

describe("files of packages", () => {
  const podman: ExtractedPackage = {
    locked: {
      name: "podman",
      version: "5",
      archive: "debian",
      path: "p",
      sizeBytes: 1,
      sha256: "0",
    },
    entries: [rootFolder("usr"), file("usr/bin/podman"), file("usr/bin/podmansh"), file("etc/x")],
  };
  const recipe = { ...ownRecipe, files: { engine: { podman: ["usr/bin/podman*"] } } };

  it("are picked by pattern into groups", () => {
    const groups = pickPackageFiles(recipe, "r.toml", [podman]);
    expect(groups.get("engine")?.map(({ path }) => path)).toEqual([
      "usr/bin/podman",
      "usr/bin/podmansh",
    ]);
  });

  it("that a package doesn't have are an error with file and key", () => {
    const wrong = { ...ownRecipe, files: { engine: { podman: ["usr/bin/docker"] } } };
    expect(() => pickPackageFiles(wrong, "r.toml", [podman])).toThrow(
      /^r\.toml: files\.engine\.podman: "usr\/bin\/docker" is not in podman 5/,
    );
  });

  it.each([
    ["usr/lib/a.so", "usr/lib/a.so", true],
    ["usr/lib/a.so", "usr/lib/*.so", true],
    ["usr/lib/x/a.so", "usr/lib/*.so", false],
    ["usr/lib/abso", "usr/lib/a.so", false],
    ["usr/bin/[", "usr/bin/[", true],
  ])("%s against %s: %s", (path, pattern, fits) => {
    expect(matchesPattern(path, pattern)).toBe(fits);
  });
});

describe("the tree", () => {
  it("gets the recipe's modes and owners", () => {
    const recipe = {
      ...ownRecipe,
      permissions: [{ path: "usr/bin/doas", mode: 0o4755, uid: undefined, gid: 50 }],
    };
    expect(applyPermissions(recipe, [file("usr/bin/doas", 0o755)])).toEqual([
      { ...file("usr/bin/doas"), mode: 0o4755, gid: 50 },
    ]);
  });

  it("must have every path that the recipe gives a mode", () => {
    const recipe = { ...ownRecipe, permissions: [{ path: "usr/bin/none", mode: 0o755 }] };
    expect(() => applyPermissions(recipe, [])).toThrow('permissions: "usr/bin/none" is not in');
  });

  it("keeps what lies outside /usr in the root's skeleton", () => {
    expect(placeInUsr(file("usr/bin/x")).path).toBe("usr/bin/x");
    expect(placeInUsr(file("etc/passwd")).path).toBe("usr/share/boot2podman/root/etc/passwd");
    expect(placeInUsr(rootFolder("usr")).path).toBe("usr/share/boot2podman/root/usr");
  });

  it("has the folders above every entry, in the order of bytes", () => {
    const home: Entry = { ...rootFolder("home"), uid: 7 };
    const paths = withParents([file("home/b/x"), file("home/a"), home]);
    expect(paths.map((one) => `${one.path} ${one.uid}`)).toEqual([
      "home 7",
      "home/a 0",
      "home/b 0",
      "home/b/x 0",
    ]);
  });
});

it("busybox gives only the commands that nothing else does, in either folder", () => {
  const links = busyboxLinks(
    { bin: ["ls", "sudo"], sbin: ["fdisk", "modprobe"] },
    new Set(["usr/bin/sudo", "usr/bin/fdisk"]),
  );
  expect(links).toEqual([
    rootLink("usr/bin/ls", "busybox"),
    rootLink("usr/sbin/modprobe", "../bin/busybox"),
  ]);
});

it("accounts have no passwords, and refuse no keys", () => {
  const files = accountFiles({
    users: [
      {
        name: "tc",
        uid: 1000,
        gid: 50,
        home: "/home/tc",
        shell: "/bin/sh",
        groups: ["kvm"],
        sub_ids: [100000, 65536],
      },
    ],
    sub_ids: { containers: [2_147_483_647, 2_147_483_648] },
    groups: { staff: 50, kvm: 104 },
  });
  expect(files).toEqual({
    "etc/passwd": "tc:x:1000:50::/home/tc:/bin/sh\n",
    "etc/group": "staff:x:50:\nkvm:x:104:tc\n",
    "etc/shadow": "tc:*:::::::\n",
    "etc/subuid": "tc:100000:65536\ncontainers:2147483647:2147483648\n",
    "etc/subgid": "tc:100000:65536\ncontainers:2147483647:2147483648\n",
  });
});
