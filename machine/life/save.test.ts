import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { templatesFolder } from "../store/templates.ts";
import { forkMachine, restoreMachine } from "./fork.ts";
import { makeTestHost, type TestHost } from "./host.testing.ts";
import { pauseMachine, resumeMachine } from "./pause.ts";
import { removeMachine } from "./remove.ts";
import { removeTemplate, saveMachine } from "./save.ts";
import { startMachine } from "./start.ts";
import { killMachine, stopMachine } from "./stop.ts";

const program = join(import.meta.dirname, "../podman-machine");
const usualPath = process.env.PATH;
const options = { sameKeys: false, hasAgent: true };

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
  await layFakeSsh("exit 0");
});
afterEach(async () => {
  process.env.PATH = usualPath;
  await host.dispose();
});

/** What podman-machine calls before a save, and for a run, with a script in its place. */
async function layFakeSsh(script: string): Promise<void> {
  const folder = join(host.store, "..", "bin");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "ssh"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${folder}:${usualPath}`;
}

const inFolder = (name: string, file: string) => join(host.files(name).folder, file);
const ordersOf = async (name: string) =>
  (await readFile(inFolder(name, "orders"), "utf8")).trim().split("\n");
const basesOf = async (name: string) =>
  (await readdir(host.files(name).folder)).filter((file) => file.startsWith("base-"));

/** Everything of a template that forks use. */
async function contentOf(name: string): Promise<Record<string, string>> {
  const folder = join(templatesFolder(host.store), name);
  const names = (await readdir(folder)).sort();
  const texts = names.map((file) => readFile(join(folder, file), "latin1"));
  const all = await Promise.all(texts);
  return Object.fromEntries(names.map((file, index) => [file, all[index] ?? ""]));
}

/** Starts a command as a person does. */
function command(...words: string[]): ChildProcess {
  return commandIn({}, ...words);
}

function commandIn(more: Record<string, string>, ...words: string[]): ChildProcess {
  const environment = { ...process.env, HOME: host.store, ...more };
  return spawn(program, ["-s", host.store, ...words], { stdio: "ignore", env: environment });
}

/** Lets a machine not answer to one thing, and kills the command with -9 that waits for that. */
async function killedAt(name: string, step: string, ...words: string[]): Promise<void> {
  await writeFile(inFolder(name, "stall"), step);
  const child = command(...words);
  const ended = once(child, "exit");
  await vi.waitFor(() => stat(inFolder(name, "stalled")), { timeout: 60_000 });
  child.kill("SIGKILL");
  await ended;
}

test("a machine is saved and goes on, with what is new in a file over what was saved", async () => {
  await host.create("box");
  const before = (await stat(host.files("box").disk)).ino;
  const { template } = await saveMachine(host, "box", { as: "box" });
  expect(await ordersOf("box")).toEqual(["quiesce", "same"]);
  expect(await host.states()).toEqual({ box: "Running" });
  expect((await stat(host.files("box").disk)).ino).not.toBe(before);
  expect((await stat(inFolder("box", template.base))).ino).toBe(before);
  expect((await stat(join(template.files.folder, template.base))).ino).toBe(before);
  expect(await contentOf("box")).toMatchObject({
    memory: "memory of the guest",
    state: "state of the devices",
  });
  for (const path of [template.files.memory, template.files.state, template.files.description]) {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }
  expect((await stat(template.files.folder)).mode & 0o777).toBe(0o700);
  // Again, and from a cold start: each save lies over the one before.
  await saveMachine(host, "box", { as: "other" });
  await stopMachine(host, "box");
  await startMachine(host, "box");
  expect(await basesOf("box")).toHaveLength(2);
});

test("forks have a disk, a port, a name and host keys of their own, and change nothing of the template", async () => {
  await host.create("box");
  await saveMachine(host, "box", { as: "box" });
  const before = await contentOf("box");
  const forks = await Promise.all(
    ["a", "b", "c"].map((name) => forkMachine(host, "box", name, options)),
  );
  expect(await host.states()).toEqual({
    box: "Running",
    a: "Running",
    b: "Running",
    c: "Running",
  });
  expect(new Set(forks.map(({ config }) => config.Driver.SSHPort)).size).toBe(3);
  expect(await ordersOf("a")).toEqual(["new"]);
  const keys = await Promise.all(
    ["a", "b", "c"].map((name) => readFile(host.files(name).knownHosts, "utf8")),
  );
  expect(new Set(keys).size).toBe(3);
  expect(keys.join("")).not.toContain("FAKE");
  expect(await contentOf("box")).toEqual(before);
  await expect(removeTemplate(host, "box")).rejects.toThrow("machines go on from it: a, b, c");
  await expect(saveMachine(host, "box", { as: "box" })).rejects.toThrow("can't be replaced");
  for (const name of ["a", "b", "c"]) {
    await removeMachine(host, name, { force: true });
  }
  await removeTemplate(host, "box");
  expect(await readdir(templatesFolder(host.store))).toEqual([]);
});

test.each([
  // Each of another state: of the guest, of QEMU, of the disk.
  "quiesce",
  "blockdev-add",
  "blockdev-snapshot",
  "migrate",
  "same",
])(
  "a save that is killed at %s leaves no template, and start lets the machine go on",
  async (step) => {
    await host.create("box");
    await killedAt("box", step, "save", "box");
    expect(await host.states()).toEqual({ box: "Paused" });
    const { resumed } = await startMachine(host, "box");
    expect(resumed).toBe(true);
    expect(await host.states()).toEqual({ box: "Running" });
    expect((await readdir(templatesFolder(host.store))).filter((name) => name === "box")).toEqual(
      [],
    );
    await saveMachine(host, "box", { as: "box" });
    expect(await readdir(templatesFolder(host.store))).toEqual(["box"]);
  },
);

test("one that was killed, and whose machine was switched off then, has its disk at the next start", async () => {
  await host.create("box");
  await killedAt("box", "migrate", "save", "box");
  await killMachine(host, "box");
  await startMachine(host, "box");
  expect(await host.states()).toEqual({ box: "Running" });
  const names = await readdir(host.files("box").folder);
  expect(names.filter((name) => /^disk/.test(name))).toEqual(["disk.qcow2"]);
  expect(names).not.toContain("held.json");
});

test.each(["migrate-incoming", "cont", "new"])(
  "a fork that is killed at %s is not Running, and start gives it its identity",
  async (step) => {
    await host.create("box");
    await saveMachine(host, "box", { as: "box" });
    const before = await contentOf("box");
    const child = commandIn({ FAKE_STALL: step }, "fork", "box", "a");
    const ended = once(child, "exit");
    await vi.waitFor(() => stat(inFolder("a", "stalled")), { timeout: 60_000 });
    child.kill("SIGKILL");
    await ended;
    expect((await host.states()).a).toMatch(/^(Paused|Starting)$/);
    await startMachine(host, "a");
    expect(await host.states()).toEqual({ a: "Running", box: "Running" });
    expect(await readFile(host.files("a").knownHosts, "utf8")).toMatch(/^a ssh-ed25519 /m);
    expect(await contentOf("box")).toEqual(before);
  },
);

test.each([
  ["QEMU version", "7.2.22", "QEMU version (7.2.22; here 10.0.0)"],
  ["memory", "512", "memory (512; here 256)"],
  ["accelerator", "kvm", "accelerator (kvm; here tcg)"],
])(
  "a template with another %s is refused with both, and nothing is left",
  async (key, value, words) => {
    await host.create("box");
    const { template } = await saveMachine(host, "box", { as: "box" });
    const path = template.files.description;
    const described = JSON.parse(await readFile(path, "utf8"));
    described.Hardware[key] = value;
    await writeFile(path, JSON.stringify(described));
    await expect(forkMachine(host, "box", "a", options)).rejects.toThrow(words);
    expect(await host.folders()).toEqual(["box"]);
    const before = await readFile(host.files("box").disk, "latin1");
    await expect(restoreMachine(host, "box", undefined)).rejects.toThrow(words);
    expect(await readFile(host.files("box").disk, "latin1")).toBe(before);
  },
);

test.each([
  [
    "with a shared folder",
    { Shares: [{ HostFolder: "/tmp", GuestFolder: "/mnt", Tag: "s0", ReadOnly: false }] },
    "it shares /tmp",
  ],
])(
  "a machine %s is not saved, and it is said why before anything is done",
  async (_, change, why) => {
    const machine = await host.create("box");
    const config = JSON.parse(await readFile(machine.files.config, "utf8"));
    Object.assign(config.Driver, change);
    await writeFile(machine.files.config, JSON.stringify(config));
    await expect(saveMachine(host, "box", { as: "box" })).rejects.toThrow(why);
    await expect(ordersOf("box")).rejects.toThrow("ENOENT");
    expect(await readdir(templatesFolder(host.store))).toEqual([]);
  },
);

test("a fork is not saved, since its memory is in no file, and a stopped machine neither", async () => {
  await host.create("box");
  await saveMachine(host, "box", { as: "box" });
  await forkMachine(host, "box", "a", options);
  await expect(saveMachine(host, "a", { as: "a" })).rejects.toThrow("as of a fork");
  await stopMachine(host, "box");
  await expect(saveMachine(host, "box", { as: "b" })).rejects.toThrow("its state is Stopped");
});

test("a machine is put back: its disk lies over the template's again, with its own name", async () => {
  await host.create("box");
  const { template } = await saveMachine(host, "box", { as: "box" });
  const before = (await stat(host.files("box").disk)).ino;
  await restoreMachine(host, "box", undefined);
  expect(await host.states()).toEqual({ box: "Running" });
  expect((await stat(host.files("box").disk)).ino).not.toBe(before);
  expect(await readFile(host.files("box").disk, "latin1")).toContain(template.base);
  expect(await readFile(host.files("box").knownHosts, "utf8")).toBe("box ssh-ed25519 FAKE\n");
  expect((await ordersOf("box")).at(-1)).toBe("same");
});

test("a machine is held and goes on, and a second time says so", async () => {
  await host.create("box");
  expect(await pauseMachine(host, "box")).toBe(true);
  expect(await host.states()).toEqual({ box: "Paused" });
  expect(await pauseMachine(host, "box")).toBe(false);
  expect(await resumeMachine(host, "box")).toBe(true);
  expect(await resumeMachine(host, "box")).toBe(false);
  expect(await host.states()).toEqual({ box: "Running" });
});

test("a store that was moved has its disks: what lies over another names it without a folder", async () => {
  await host.create("box");
  await saveMachine(host, "box", { as: "box" });
  await stopMachine(host, "box");
  const moved = `${host.store}-moved`;
  await rename(host.store, moved);
  const { machine } = await startMachine({ ...host, store: moved }, "box");
  expect(machine.files.folder).toContain(moved);
  await killMachine({ ...host, store: moved }, "box");
  await rename(moved, host.store);
});

test.each([
  ["ends", "echo out; exit 7", undefined],
  ["is killed by kill -9", "exec sleep 1000", "SIGKILL" as const],
])("a machine of run is gone when its command %s", async (_, script, signal) => {
  await host.create("box");
  await saveMachine(host, "box", { as: "box" });
  await layFakeSsh(`touch ${join(host.store, "ssh-runs")}; ${script}`);
  const child = command("run", "--template", "box", "alpine", "true");
  const ended = once(child, "exit");
  if (signal !== undefined) {
    await vi.waitFor(() => stat(join(host.store, "ssh-runs")), { timeout: 60_000 });
    child.kill(signal);
  }
  const [status] = await ended;
  expect(status).toBe(signal === undefined ? 7 : null);
  await expect.poll(() => host.states(), { timeout: 60_000 }).toEqual({ box: "Running" });
});

test("run plugs the folders of --volume into its machine, mounts them there and hands them to the container", async () => {
  await host.create("box");
  await saveMachine(host, "box", { as: "box" });
  const seen = join(host.store, "seen");
  const machines = join(host.store, "machines");
  await layFakeSsh(`cat ${machines}/run-*/plugged >${seen}; printf '%s\\n' "$@" >>${seen}`);
  const volumes = ["--volume", `${host.store}:/data`, "--volume", `${host.store}:/fixed:ro`];
  const [status] = await once(
    command("run", "--template", "box", ...volumes, "alpine", "true"),
    "exit",
  );
  expect(status).toBe(0);
  const text = await readFile(seen, "utf8");
  const tags = [...text.matchAll(/^virtio-9p-pci (\S+)$/gm)].map(([, tag = ""]) => tag);
  const folder = "run/boot2podman/volumes";
  // The last part is plugged in first.
  expect(tags).toEqual([`${folder}/1`, `${folder}/0`]);
  expect(text).toMatch(new RegExp(`-o rw,\\S+ -- ${folder}/0 /${folder}/0\\b`));
  expect(text).toMatch(new RegExp(`-o ro,\\S+ -- ${folder}/1 /${folder}/1\\b`));
  // QEMU takes no longer name (hw/9pfs/9p.h, MAX_TAG_LEN).
  expect(Math.max(...tags.map((tag) => tag.length))).toBeLessThan(32);
  expect(text).toContain(
    "--volume /run/boot2podman/volumes/0:/data --volume /run/boot2podman/volumes/1:/fixed:ro alpine true",
  );
  const missing = join(host.store, "missing");
  const refused = command("run", "--template", "box", "--volume", `${missing}:/data`, "alpine");
  expect(await once(refused, "exit")).toEqual([1, null]);
  expect(await host.states()).toEqual({ box: "Running" });
});

test("as many forks as were asked for are made at once, and what can't be made leaves the others", async () => {
  await host.create("box");
  await saveMachine(host, "box", { as: "box" });
  expect(await once(command("fork", "-n", "3", "box"), "exit")).toEqual([0, null]);
  expect(await once(command("fork", "box", "a", "box-2"), "exit")).toEqual([1, null]);
  const all = ["a", "box", "box-1", "box-2", "box-3"];
  expect(await host.states()).toEqual(Object.fromEntries(all.map((name) => [name, "Running"])));
});

test("a template whose image was changed is refused, and nothing is left", async () => {
  await host.create("box");
  const { template } = await saveMachine(host, "box", { as: "box" });
  await writeFile(join(host.store, "cache/images", template.imageId, "initrd"), "another");
  await expect(forkMachine(host, "box", "a", options)).rejects.toThrow("has changed since");
  expect(await host.folders()).toEqual(["box"]);
});

test("a fork with --rm is gone as soon as it is off", async () => {
  await host.create("box");
  await saveMachine(host, "box", { as: "box" });
  await forkMachine(host, "box", "a", { ...options, removeAtEnd: true });
  process.kill(await host.pidOf("a"), "SIGKILL");
  await expect.poll(() => host.states(), { timeout: 60_000 }).toEqual({ box: "Running" });
});
