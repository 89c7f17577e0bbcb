import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProgram } from "../program/run.ts";
import { parseConfig } from "../store/config.ts";
import { changeMachine } from "./change.ts";
import { createMachine } from "./create.ts";
import { makeTestHost, type TestHost } from "./host.testing.ts";
import { listMachines } from "./list.ts";
import { removeMachine } from "./remove.ts";
import { startMachine } from "./start.ts";
import { stopMachine } from "./stop.ts";
import { chooseImage } from "./upgrade.ts";

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

async function configOf(name: string) {
  const path = host.files(name).config;
  return parseConfig(await readFile(path, "utf8"), path);
}

describe("set", () => {
  test("changes a stopped machine, which starts with that", async () => {
    await host.create("box");
    await stopMachine(host, "box");
    await changeMachine(host, "box", {
      settings: { Memory: 512, CPU: 2 },
      labels: ["a=b"],
      rootful: false,
    });
    expect(await configOf("box")).toMatchObject({
      Driver: { Memory: 512, CPU: 2, DiskSize: 256 },
      HostOptions: { Rootful: false, EngineOptions: { Labels: ["a=b"] } },
    });
    await startMachine(host, "box");
    expect(host.lines.at(-1)).toContain("2 CPUs, 512 MiB");
  });

  test("grows the disk and keeps what is in it; a smaller one is refused", async () => {
    await host.create("box");
    await stopMachine(host, "box");
    await changeMachine(host, "box", { settings: { DiskSize: 300 } });
    const { disk } = host.files("box");
    const info = await runProgram("qemu-img", ["info", "--output=json", disk], {
      timeoutMs: 60_000,
    });
    expect(JSON.parse(info.stdout)["virtual-size"]).toBe(300 * 2 ** 20 + 4608);
    await expect(changeMachine(host, "box", { settings: { DiskSize: 299 } })).rejects.toThrow(
      'The disk of "box" has 300 MiB and can only grow: nothing was changed.',
    );
    expect((await configOf("box")).Driver).toMatchObject({ DiskSize: 300 });
  });

  test("leaves a machine that runs alone", async () => {
    await host.create("box");
    await expect(changeMachine(host, "box", { settings: { CPU: 2 } })).rejects.toThrow(
      '"box" is not stopped (Running)',
    );
    expect((await configOf("box")).Driver).toMatchObject({ CPU: 1 });
  });
});

test("a machine that boots from the ISO gets no shares and no words for the kernel", async () => {
  await host.create("box");
  await stopMachine(host, "box");
  const { config } = host.files("box");
  const text = await readFile(config, "utf8");
  await writeFile(config, text.replace('"Boot": "kernel"', '"Boot": "iso"'));
  const Shares = [{ Tag: "share0", HostFolder: "/a", GuestFolder: "/b", ReadOnly: false }];
  for (const settings of [{ Shares }, { KernelArguments: "quiet" }]) {
    await expect(changeMachine(host, "box", { settings })).rejects.toThrow(
      '"box" boots from the ISO',
    );
  }
  expect((await configOf("box")).Driver).toMatchObject({ Shares: [], KernelArguments: "" });
  await changeMachine(host, "box", { settings: { Shares: [], KernelArguments: "" } });
});

describe("a machine of the podman-machine before this one", () => {
  /** Its store as it was: a config of version 3 without our keys, its own ISO, a key of the kind of then. */
  async function layOldMachine(): Promise<void> {
    const { folder, config, disk } = host.files("old");
    await mkdir(folder, { recursive: true });
    await runProgram("qemu-img", ["create", "-q", "-f", "qcow2", disk, "64M"], {
      timeoutMs: 60_000,
    });
    await runProgram(
      "ssh-keygen",
      ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", join(folder, "id_rsa")],
      {
        timeoutMs: 60_000,
      },
    );
    await writeFile(join(folder, "boot2podman.iso"), "the ISO of then");
    const driver = {
      IPAddress: "127.0.0.1",
      MachineName: "old",
      SSHUser: "tc",
      SSHPort: 42_223,
      SSHKeyPath: join(folder, "id_rsa"),
      StorePath: host.store,
      SwarmMaster: false,
      EnginePort: 2376,
      FirstQuery: true,
      Memory: 1024,
      DiskSize: 18_000,
      CPU: 1,
      Program: host.settings.Program,
      Display: false,
      DisplayType: "",
      Nographic: false,
      VirtioDrives: false,
      Network: "user",
      Boot2PodmanURL: "",
      CacheMode: "default",
      IOMode: "threads",
      DiskPath: disk,
      LocalPorts: "",
    };
    const value = {
      ConfigVersion: 3,
      Driver: driver,
      DriverName: "qemu",
      HostOptions: {
        Driver: "",
        Memory: 0,
        Disk: 0,
        EngineOptions: { Labels: null },
        SwarmOptions: {},
        AuthOptions: {},
      },
      Name: "old",
    };
    await writeFile(config, JSON.stringify(value, null, 4));
  }

  test("is listed, changed to today's image, and started with its data; its keys stay", async () => {
    await layOldMachine();
    expect(await host.states()).toEqual({ old: "Stopped" });
    expect((await listMachines(host.store, undefined, 60_000))[0]?.labels).toEqual([]);
    const choice = await chooseImage(host, "old", {
      image: undefined,
      rollback: false,
      usual: host.settings.Image,
    });
    expect(choice).toMatchObject({ version: "1", isOther: true, isRunning: false });
    await startMachine(host, "old");
    expect(await host.states()).toEqual({ old: "Running" });
    expect((await configOf("old")).Driver).toMatchObject({ Boot: "kernel", EnginePort: 2376 });
    await stopMachine(host, "old");
    await removeMachine(host, "old", { force: false });
  });

  test("is refused with what to do when its ISO is gone", async () => {
    await layOldMachine();
    await rm(join(host.files("old").folder, "boot2podman.iso"));
    await expect(startMachine(host, "old")).rejects.toThrow(/no boot2podman\.iso\. .*--image/);
  });
});

test("a machine that exists is reached by address, and never stopped from here", async () => {
  const missing = {
    driver: "generic" as const,
    labels: [],
    rootful: true,
    connection: false,
    settings: {
      IPAddress: "127.0.0.1",
      SSHPort: 1,
      SSHKeySource: "/nonexistent",
      SSHKeyPath: "id_imported",
    },
  };
  await expect(createMachine(host, "far", missing)).rejects.toThrow(
    "The SSH key /nonexistent can't be read: name a private key with --generic-ssh-key.",
  );
  const withoutKey = { ...missing.settings, SSHKeySource: "", SSHKeyPath: "" };
  await expect(createMachine(host, "far", { ...missing, settings: withoutKey })).rejects.toThrow(
    "root@127.0.0.1:1 can't be logged in to:",
  );
  expect(await host.folders()).toEqual([]);
});

test("a URL is a machine that only leaves the list", async () => {
  const settings = { URL: "tcp://10.0.0.5:2376", IPAddress: "10.0.0.5", SSHKeyPath: "" };
  const common = { labels: [], rootful: true, connection: false };
  await createMachine(host, "url", { driver: "none", ...common, settings });
  expect(await listMachines(host.store, "url", 1000)).toMatchObject([
    { name: "url", driver: "none", state: "Running", url: "tcp://10.0.0.5:2376" },
  ]);
  await expect(stopMachine(host, "url")).rejects.toThrow("has no driver, so it can't be stopped");
  await removeMachine(host, "url", { force: false });
  expect(await host.folders()).toEqual([]);
});
