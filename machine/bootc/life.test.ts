import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { machinePid } from "../driver/qemu/process.ts";
import { checkSocketPaths } from "../store/machine-files.ts";
import { isRunning, launchBootc } from "./boot.ts";
import { killBootc, removeBootc, stopBootc } from "./end.ts";
import { listBootc } from "./list.ts";
import { type BootcPlace, findPlace, knownPlace, makePlace, placeOf } from "./place.ts";
import { type BootcHost, type RunWish, runBootc, startBootc } from "./run.ts";

const id = "c45ec5ef2eaf76bec1ea0470f864da655bfc075a7d66b1946fafbcf782e0360c";
const other = `c45e${"0".repeat(60)}`;
const fakeQemu = join(import.meta.dirname, "../life/fake-qemu.testing.ts");
const bun = join(import.meta.dirname, "../../node_modules/.bin/bun");

const path = process.env.PATH;
let programs: string;
let folder: string;
let bootc: BootcHost;
let place: BootcPlace;
let lines: string[];

beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), "b2p-qemu-"));
  for (const name of ["qemu-system-x86_64", "qemu-system-aarch64"]) {
    await writeFile(join(programs, name), `#!/bin/sh\nexec "${bun}" "${fakeQemu}" "$@"\n`);
    await chmod(join(programs, name), 0o755);
  }
  process.env.PATH = `${programs}${delimiter}${path}`;
});
afterAll(async () => {
  process.env.PATH = path;
  await rm(programs, { recursive: true });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-bootc-"));
  lines = [];
  const report = {
    line: (text: string) => lines.push(text),
    warn: (text: string) => lines.push(text),
    progress: () => undefined,
    stage: () => undefined,
  };
  const cache = join(folder, "cache");
  bootc = {
    host: { store: join(folder, "store"), report },
    cache,
    builder: {
      get: () => Promise.reject(new Error("no machine that builds is needed here")),
      release: () => Promise.resolve(),
    },
  };
  place = placeOf(cache, id);
  await made("");
});
afterEach(async () => {
  if (await isRunning(place)) {
    await killBootc(bootc, place);
  }
  await rm(folder, { recursive: true, maxRetries: 10 });
});

/** What an earlier run made of the image. */
async function made(kernelArguments: string): Promise<void> {
  await makePlace(place);
  await mkdir(place.ephemeral, { recursive: true });
  for (const name of ["root.raw", "vmlinuz", "initramfs.img"]) {
    await writeFile(join(place.ephemeral, name), name);
  }
  const boot = { kernelArguments, sizeBytes: 10 * 2 ** 30 };
  await writeFile(join(place.ephemeral, "boot.json"), JSON.stringify(boot));
}

const wish: RunWish = {
  image: "c45ec5",
  mode: "ephemeral",
  firmware: "efi",
  user: "root",
  cpus: 1,
  memoryMib: 512,
  publish: [],
  volumes: [],
  cloudInit: undefined,
  isTransient: false,
  diskSize: undefined,
  install: { filesystem: undefined, rootSize: undefined, log: undefined, isQuiet: true },
  accelerator: "tcg",
};

async function listed() {
  return listBootc(bootc.cache, (text) => lines.push(text));
}

test("what was made before starts without the machine that builds, and is listed while it runs", async () => {
  expect(await listed()).toEqual([]);
  const { target, isLaunched } = await runBootc(bootc, wish);
  expect(isLaunched).toBe(true);
  expect(target).toMatchObject({ user: "root", host: "127.0.0.1", keyPath: place.files.key });
  const [one] = await listed();
  expect(one).toMatchObject({
    id: "c45ec5ef2eaf",
    sizeBytes: 10 * 2 ** 30,
    isRunning: true,
    sshPort: target.port,
  });
  const written = JSON.parse(await readFile(place.config, "utf8"));
  expect(Object.keys(written)).toEqual(
    expect.arrayContaining(["Id", "SshPort", "SshPriKey", "Repository", "Created", "DiskSize"]),
  );
  expect((await stat(place.files.key)).mode & 0o777).toBe(0o600);
});

test("a second run goes to the machine that runs; with other settings it is refused", async () => {
  const first = await runBootc(bootc, wish);
  const pid = await machinePid(place.files);
  const second = await runBootc(bootc, wish);
  expect(second.isLaunched).toBe(false);
  expect(second.target).toEqual(first.target);
  expect(await machinePid(place.files)).toBe(pid);
  await expect(runBootc(bootc, { ...wish, user: "core" })).rejects.toThrow("stop it first");
});

test("it is stopped, started as before, and has a new key then", async () => {
  await runBootc(bootc, { ...wish, user: "core", cpus: 2 });
  const key = await readFile(place.files.publicKey, "utf8");
  expect(await stopBootc(bootc, place)).toBe(true);
  expect(await isRunning(place)).toBe(false);
  expect(await stopBootc(bootc, place)).toBe(false);
  const again = await startBootc(bootc, place, "tcg");
  expect(again.target.user).toBe("core");
  expect(await isRunning(place)).toBe(true);
  expect(await readFile(place.files.publicKey, "utf8")).not.toBe(key);
});

test("one that was never started can't be started as before", async () => {
  await expect(startBootc(bootc, place, "tcg")).rejects.toThrow("was never started");
});

test("QEMU's reason is told when it doesn't start, and nothing runs", async () => {
  await made("fake.broken");
  await expect(runBootc(bootc, wish)).rejects.toThrow(/could not start .*it is a fake/);
  expect(await isRunning(place)).toBe(false);
  expect(await listed()).toEqual([]);
});

test("without its bc.cfg a machine is listed, said to be out of reach, and found again by a start", async () => {
  await runBootc(bootc, wish);
  await rm(place.config);
  expect(await listed()).toMatchObject([
    { id: "c45ec5ef2eaf", repo: "<none>", sizeBytes: 10 * 2 ** 30, isRunning: true, sshPort: 0 },
  ]);
  expect(lines.join("\n")).toMatch(/bc\.cfg is gone.*podman-bootc stop c45ec5ef2eaf/);
  await expect(runBootc(bootc, wish)).rejects.toThrow("bc.cfg is gone");
  await stopBootc(bootc, place);
  lines = [];
  expect(await listed()).toMatchObject([{ id: "c45ec5ef2eaf", isRunning: false }]);
  expect(lines).toEqual([]);
  const { target } = await startBootc(bootc, place, "tcg");
  expect(await listed()).toMatchObject([{ repo: id, sshPort: target.port, isRunning: true }]);
});

test("its bc.cfg is written before its QEMU starts, so that one that runs is never unknown", async () => {
  const plan = {
    place,
    start: { ...wish, volumes: [], publish: [], hasCloudInit: false },
    disk: join(place.ephemeral, "root.raw"),
    kernel: {
      kernel: join(place.ephemeral, "vmlinuz"),
      initrd: join(place.ephemeral, "initramfs.img"),
      commandLine: "",
    },
    accelerator: "tcg" as const,
  };
  const note = () => Promise.reject(new Error("the power went"));
  await expect(launchBootc(bootc.host, { ...plan, note })).rejects.toThrow("the power went");
  expect(await machinePid(place.files)).toBeUndefined();
  await expect(stat(place.files.pid)).rejects.toThrow("ENOENT");
});

test("a machine that runs is removed only by force", async () => {
  await runBootc(bootc, wish);
  await expect(removeBootc(bootc, place, false)).rejects.toThrow(
    /^VM is currently running\. Stop it first or use the -f flag\.$/,
  );
  expect(await isRunning(place)).toBe(true);
  await removeBootc(bootc, place, true);
  expect(await isRunning(place)).toBe(false);
  expect(await findPlace(bootc.cache, id)).toBeUndefined();
});

test("a broken description is named, and the others are listed", async () => {
  await runBootc(bootc, wish);
  const broken = placeOf(bootc.cache, other);
  await makePlace(broken);
  await writeFile(broken.config, '{"Id":');
  expect(await listed()).toHaveLength(1);
  expect(lines.join("\n")).toContain(broken.config);
});

test("the sockets below a long home have paths that the kernel takes", () => {
  const { files } = placeOf(`/home/${"x".repeat(32)}/.cache/podman-bootc`, id);
  expect(() => checkSocketPaths(files)).not.toThrow();
});

describe("an ID", () => {
  test.each([
    ["c45ec5", id],
    [id, id],
    ["c45e0", other],
    ["d", undefined],
    ["fedora-bootc:41", undefined],
    ["../../etc", undefined],
  ])("beginning with %s is %s", async (start, found) => {
    await makePlace(placeOf(bootc.cache, other));
    expect((await findPlace(bootc.cache, start))?.id).toBe(found);
  });

  test("that begins several is refused, and one of none is told", async () => {
    await makePlace(placeOf(bootc.cache, other));
    await expect(findPlace(bootc.cache, "c45e")).rejects.toThrow("begins the IDs of 2 machines");
    await expect(knownPlace(bootc.cache, "dd")).rejects.toThrow('There is no bootc machine "dd"');
  });
});
