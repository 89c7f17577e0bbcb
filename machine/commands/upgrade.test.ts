import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { imageCache } from "../boot-image/cached-image.ts";
import { makeTestHost, type TestHost } from "../life/host.testing.ts";
import { makeOtherImage } from "../life/other-image.testing.ts";
import { startMachine, waitUntilReady } from "../life/start.ts";
import { stopMachine } from "../life/stop.ts";
import { chooseImage } from "../life/upgrade.ts";
import { parseConfig } from "../store/config.ts";
import { runCommandLine } from "./program.ts";
import { makeTestCaller } from "./terminal.testing.ts";

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

async function configOf(name: string) {
  const path = host.files(name).config;
  return parseConfig(await readFile(path, "utf8"), path);
}

/** Another image, beside the host's. */
const otherImage = (version = "2", commandLine = "quiet") =>
  makeOtherImage(host.settings.Image, join(host.settings.Image, `../image ${version}`), {
    version,
    commandLine,
  });

const choose = (image: string | undefined, rollback = false) =>
  chooseImage(host, "box", { image, rollback, usual: host.settings.Image });

async function runningVersion(): Promise<string> {
  return JSON.parse(await readFile(host.files("box").process, "utf8")).imageVersion;
}

/** Says `podman-machine upgrade …`, and gives its status and what it said. */
async function upgrade(...words: string[]) {
  const caller = makeTestCaller(host.store);
  const status = await runCommandLine(["upgrade", ...words, "box"], caller);
  return { status, said: [...caller.printed, ...caller.errors].join("\n") };
}

test("the newest image is booted, and the one before stays to go back to", async () => {
  await host.create("box");
  expect(await choose(undefined)).toMatchObject({
    version: "1",
    isOther: false,
    isRunning: true,
  });
  await expect(choose(undefined, true)).rejects.toThrow('"box" has no previous image');
  const folder = await otherImage();
  expect(await choose(folder)).toMatchObject({ version: "2", isOther: true, isRunning: true });
  await stopMachine(host, "box");
  await startMachine(host, "box");
  await stopMachine(host, "box");
  // What was built is gone, and still it goes back.
  await rm(host.settings.Image, { recursive: true });
  expect(await choose(undefined, true)).toMatchObject({ version: "1", isOther: true });
  const { machine } = await startMachine(host, "box");
  await waitUntilReady(host, machine);
  expect(await runningVersion()).toBe("1");
  await stopMachine(host, "box");
  expect(await choose(folder)).toMatchObject({ version: "2", isOther: true });
  await startMachine(host, "box");
  expect(await runningVersion()).toBe("2");
});

/** What a build that was cut off, or a bad copy, leaves. */
const damages: [string, (folder: string) => Promise<void>, RegExp][] = [
  ["nothing", (folder) => rm(folder, { recursive: true }), /no complete image in .*no manifest/],
  ["no manifest", (folder) => rm(join(folder, "manifest.json")), /no complete image/],
  [
    "half a manifest",
    (folder) => truncate(join(folder, "manifest.json"), 40),
    /isn't a manifest of an image/,
  ],
  ["no kernel", (folder) => rm(join(folder, "vmlinuz64")), /no complete image.*vmlinuz64/],
  ["half a kernel", (folder) => truncate(join(folder, "vmlinuz64"), 3), /vmlinuz64 is damaged/],
  [
    "another initrd",
    (folder) => writeFile(join(folder, "boot2podman.gz"), "a newer build's"),
    /boot2podman\.gz is damaged: its hash isn't the one in manifest\.json/,
  ],
];

test("no damaged image folder stops a machine that runs, or changes what it boots", async () => {
  await host.create("box");
  const pid = await host.pidOf("box");
  const before = await configOf("box");
  const folders: string[] = [];
  for (const [name, damage, message] of damages) {
    const folder = await otherImage(name);
    folders.push(folder);
    await damage(folder);
    const { status, said } = await upgrade("--image", folder);
    expect(said).toMatch(message);
    expect(said).not.toContain("Stopping");
    expect(status).toBe(1);
    expect(await configOf("box")).toEqual(before);
    expect(await readdir(imageCache(host.store))).toHaveLength(1);
  }
  expect(await host.pidOf("box")).toBe(pid);
  expect(await host.states()).toEqual({ box: "Running" });
  await stopMachine(host, "box");
  for (const [index, folder] of folders.entries()) {
    await expect(startMachine(host, "box", folder)).rejects.toThrow(damages[index]?.[2]);
    expect(await configOf("box")).toEqual(before);
  }
  await startMachine(host, "box");
  expect(await runningVersion()).toBe("1");
});

test("a machine whose own folder was broken by a build is told how to boot what ran last, and does", async () => {
  await host.create("box");
  await stopMachine(host, "box");
  await writeFile(join(host.settings.Image, "vmlinuz64"), "half");
  const manifest = join(host.settings.Image, "manifest.json");
  const text = await readFile(manifest, "utf8");
  await writeFile(manifest, text.replace(/"sha256":"\w{4}/, '"sha256":"0000'));
  await expect(startMachine(host, "box")).rejects.toThrow(
    /vmlinuz64 is damaged.* To boot the image that ran last: podman-machine upgrade --rollback box$/,
  );
  expect((await upgrade("--rollback")).status).toBe(0);
  await startMachine(host, "box");
  expect(await runningVersion()).toBe("1");
});

test("an image that QEMU doesn't start is given up: the machine runs as before", async () => {
  await host.create("box");
  const before = await configOf("box");
  const folder = await otherImage("2", "fake.broken");
  const { status, said } = await upgrade("--image", folder);
  expect(status).toBe(1);
  expect(said).toMatch(/it is a fake$/);
  expect(said).toContain('"box" could not be upgraded, and runs the image that it ran before.');
  expect(await host.states()).toEqual({ box: "Running" });
  expect(await runningVersion()).toBe("1");
  expect(await configOf("box")).toEqual(before);
});

test("the way back leads past images that never became ready", async () => {
  await host.create("box");
  for (const version of ["2", "3"]) {
    const folder = await otherImage(version, "fake.mute");
    const { status, said } = await upgrade("--timeout", "1", "--image", folder);
    expect(status).toBe(1);
    expect(said).toContain(
      "To return to the previous image: podman-machine upgrade --rollback box",
    );
    expect(await runningVersion()).toBe(version);
  }
  expect((await upgrade("--rollback")).status).toBe(0);
  expect(await runningVersion()).toBe("1");
});

test("a choice that was never booted is taken back", async () => {
  await host.create("box");
  await stopMachine(host, "box");
  expect((await upgrade("--image", await otherImage())).said).toContain("at its next start");
  expect((await upgrade("--rollback")).status).toBe(0);
  await startMachine(host, "box");
  expect(await runningVersion()).toBe("1");
});
