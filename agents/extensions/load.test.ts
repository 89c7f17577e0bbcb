import { describe, expect, test } from "vitest";
import type { Downloads } from "../kernel/downloads.ts";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { runExtension } from "./command.ts";
import { loadOnboot } from "./load-named.ts";
import { mountMedium } from "./medium.ts";
import { onbootPath, optionalFolder } from "./places.ts";

const noDownloads: Downloads = { download: () => Promise.reject(new Error("no network")) };

/** A squashfs superblock that says how long the image is. */
function image(usedBytes: number, sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes);
  bytes.writeUInt32LE(0x73717368, 0);
  bytes.writeBigUInt64LE(BigInt(usedBytes), 40);
  return bytes;
}

/** A system in which an image NAME.raw is mounted as what `contents` has for it. */
function system(contents: Record<string, Record<string, string | null>>) {
  const kernel = new FakeKernel().onRun("rm").lay({
    "/usr/lib/os-release": "ID=boot2podman\n",
    "/usr/bin/sh": "shell",
    "/proc/sys/kernel/osrelease": "6.12.1-amd64\n",
    "/run/boot2podman": null,
    "/etc/hosts": "mine",
    [optionalFolder]: null,
  });
  for (const [name, files] of Object.entries(contents)) {
    const path = `${optionalFolder}/${name}.raw`;
    kernel.lay({ [path]: Buffer.from(image(96, 4096)).toString("latin1") });
    const all: Record<string, string | null> = {};
    for (const [file, content] of Object.entries(files)) {
      all[`/images/${name}/${file}`] = content;
    }
    kernel.lay({ [`/images/${name}`]: null, ...all });
  }
  kernel.onRun("busybox", (argv) => {
    const [file = "", target = ""] = argv.slice(-2);
    const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.(raw|tcz)$/, "");
    kernel.mount({ source: `/images/${name}`, target, flags: ["bind"] });
    return {};
  });
  const overlays: string[] = [];
  const { mount } = kernel;
  kernel.mount = (request) => {
    overlays.push(...(request.type === "overlay" ? [request.options ?? ""] : []));
    mount.call(kernel, request);
  };
  const out: string[] = [];
  const bringer = { kernel, downloads: noDownloads, say: () => undefined };
  const terminal = { out: (line: string) => out.push(line), err: (line: string) => out.push(line) };
  const run = (words: string) => runExtension(words.split(" "), bringer, terminal);
  return { kernel, out, bringer, overlays, run };
}

const release = (name: string) => `usr/lib/extension-release.d/extension-release.${name}`;
const plain = (name: string) => ({ [release(name)]: "ID=_any\n", [`usr/bin/${name}`]: "elf" });

test("modules of an extension that load when their device is opened have it at once", async () => {
  const home = "lib/modules/6.12.1-amd64";
  const index = { [`usr/${home}/modules.devname`]: "tun net/tun c10:200\n" };
  const { kernel, run } = system({ tun: { ...plain("tun"), ...index } });
  // The fake kernel has no overlays: what the joined index says.
  kernel.lay({
    "/dev": null,
    [`/usr/${home}`]: null,
    [`/${home}/modules.devname`]: "tun net/tun c10:200\n",
  });
  expect(await run("load tun")).toBe(0);
  expect(kernel.stat("/dev/net/tun")).toMatchObject({ kind: "char", mode: 0o666 });
});

test("an extension that is loaded lies over the system's own /usr", async () => {
  const { kernel, out, overlays, run } = system({ jq: plain("jq") });
  expect(await run("load jq")).toBe(0);
  expect(kernel.mounts().findLast(({ target }) => target === "/usr")?.type).toBe("overlay");
  expect(overlays).toEqual([
    "lowerdir=/run/boot2podman/extensions/made.0:/run/boot2podman/extensions/ext.0/usr:/run/boot2podman/extensions/base",
  ]);
  expect(out).toEqual(["jq"]);
});

describe("what is left out, each with one line", () => {
  const cases: [what: string, files: Record<string, string | null>, line: RegExp][] = [
    ["one without usr", { "opt/x": "" }, /has no folder usr/],
    ["one without extension-release", { "usr/bin/x": "" }, /has no usr\/lib\/extension-release/],
    ["a foreign one", { [release("x")]: "ID=flatcar\n" }, /it is for flatcar/],
    ["another processor's", { [release("x")]: "ID=_any\nARCHITECTURE=arm64" }, /it is for arm64/],
    [
      "another kernel's",
      { ...plain("x"), "usr/lib/modules/5.10/a.ko": "" },
      /its modules are for the kernel 5\.10/,
    ],
    [
      "a file over a folder of the system",
      { ...plain("x"), "usr/lib/os-release/x": "" },
      /where the system has/,
    ],
  ];
  test.each(cases)("%s", async (_, files, line) => {
    const { kernel, out, run } = system({ x: files, jq: plain("jq") });
    expect(await run("load x jq")).toBe(1);
    expect(out.join("\n")).toMatch(line);
    expect(out).toHaveLength(2);
    expect(out[0]).toBe("jq");
    // Nothing of it stays mounted.
    expect(kernel.mounts().filter(({ source }) => source === "/images/x")).toEqual([]);
  });

  test("setuid programs, devices and links where the system has a folder", async () => {
    for (const [lay, line] of [
      [(kernel: FakeKernel) => kernel.chmod("/images/x/usr/bin/x", 0o4755), /is setuid/],
      [
        (kernel: FakeKernel) =>
          kernel.mknod("/images/x/usr/bin/n", { kind: "char", major: 0, minor: 0, mode: 0o600 }),
        /is a char/,
      ],
      [
        (kernel: FakeKernel) => {
          kernel.mkdir("/usr/share");
          kernel.symlink("/etc", "/images/x/usr/share");
        },
        /is a link where the system has a folder/,
      ],
      [
        (kernel: FakeKernel) => {
          kernel.unlink(`/images/x/${release("x")}`);
          kernel.rmdir("/images/x/usr/lib/extension-release.d");
          kernel.symlink("/etc", "/images/x/usr/lib/extension-release.d");
        },
        /extension-release.d is a link/,
      ],
    ] as const) {
      const { kernel, out, run } = system({ x: plain("x") });
      lay(kernel);
      expect(await run("load x")).toBe(1);
      expect(out.join("\n")).toMatch(line);
    }
  });

  test("an image of which a part is missing isn't even mounted", async () => {
    const { kernel, out, run } = system({ x: plain("x") });
    kernel.lay({ [`${optionalFolder}/x.raw`]: Buffer.from(image(5000, 4096)).toString("latin1") });
    expect(await run("load x")).toBe(1);
    expect(out.join()).toMatch(/it is damaged: a part of it is missing/);
    expect(kernel.runs.filter(({ argv }) => argv[0] === "busybox")).toEqual([]);
  });
});

test("the boot loads what is listed, and names what it can't", async () => {
  const { kernel, bringer } = system({ a: plain("a"), b: plain("b"), bad: { "opt/x": "" } });
  kernel.lay({
    [onbootPath]: "a.tcz\nbad\ngone\n../x\n",
    [`${optionalFolder}/a.raw.dep`]: "b\n",
  });
  const { done, problems } = await loadOnboot(bringer);
  expect(done).toEqual(["b", "a"]);
  expect(problems).toEqual([
    'onboot.lst: "../x" is no name of an extension',
    "gone not found",
    expect.stringMatching(/^bad is not loaded: it has no folder usr/),
  ]);
});

test("files for /etc are laid where there are none", async () => {
  const files = {
    ...plain("x"),
    "usr/share/factory/etc/hosts": "theirs",
    "usr/share/factory/etc/x/y.conf": "y",
  };
  const { kernel, run } = system({ x: files });
  await run("load x");
  expect(kernel.readText("/etc/hosts")).toBe("mine");
  expect(kernel.readText("/etc/x/y.conf")).toBe("y");
});

test("one that others need stays", async () => {
  const { kernel, out, run } = system({ a: plain("a"), b: plain("b") });
  kernel.lay({ [`${optionalFolder}/a.raw.dep`]: "b\n" });
  await run("load a");
  expect(await run("unload b")).toBe(1);
  expect(out.at(-1)).toBe("b stays: a needs it");
  expect(await run("unload a b")).toBe(0);
  expect(await run("tce-load -i a")).toBe(0);
  expect(await run("tce-load -i a")).toBe(0);
  expect(out.at(-1)).toBe("a is already installed!");
});

test("only root changes what is in /usr", async () => {
  const { kernel, run } = system({});
  kernel.ownUid = 1000;
  await expect(run("load x")).rejects.toThrow("use sudo");
  expect(await run("ls")).toBe(0);
});

describe("the boot medium", () => {
  const iso = () => {
    const bytes = new Uint8Array(0x9000);
    bytes.set(new TextEncoder().encode("CD001"), 0x8001);
    return bytes;
  };

  test("is found among the disks, and its extensions are loaded even when the data disk's aren't", async () => {
    const { kernel } = system({ a: plain("a"), disk: plain("disk") });
    kernel
      .addBlockDevice("/dev/vda", new Uint8Array(0x9000))
      .addBlockDevice("/dev/sr0", iso())
      .lay({
        "/sys/class/block/loop0": "",
        "/sys/class/block/sr0": "",
        "/sys/class/block/vda": "",
        [onbootPath]: "disk\n",
      });
    kernel.filesystems.set("/dev/sr0", kernel.tree.newNode("folder", 0o755));
    kernel.lay({ "/tmp": null });
    kernel.mount({ source: "/dev/sr0", target: "/tmp", type: "iso9660" });
    kernel.lay({
      "/tmp/cde/onboot.lst": "a\n",
      "/tmp/cde/optional/a.raw": Buffer.from(image(96, 4096)).toString("latin1"),
    });
    kernel.unmount("/tmp");
    mountMedium(kernel);
    const { done, problems } = await loadOnboot({ kernel }, true);
    expect({ done, problems }).toEqual({ done: ["a"], problems: [] });
  });

  test("that isn't there is said", () => {
    const { kernel } = system({});
    kernel.addBlockDevice("/dev/vda", new Uint8Array(10)).lay({ "/sys/class/block/vda": "" });
    expect(() => mountMedium(kernel)).toThrow("no ISO with a folder cde");
  });
});
