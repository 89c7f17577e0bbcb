import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { changeDriver } from "./change.ts";
import { checkNewConfig, parseConfig, writeConfig } from "./config.ts";
import { filesIn } from "./machine-files.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "change-"));
});
afterEach(() => rm(folder, { recursive: true }));

const driver = { SSHPort: 40_000, Memory: 1024, DiskSize: 20_000, CPU: 1 };

function configText(settings: object): string {
  const value = { ConfigVersion: 3, Driver: settings, DriverName: "qemu", HostOptions: {} };
  return JSON.stringify({ ...value, Name: "box" });
}

async function layMachine(settings: object) {
  const files = filesIn(folder);
  const config = parseConfig(configText(settings), files.config);
  await writeConfig(files.config, config);
  return { name: "box", files, config };
}

test("a change keeps what another program wrote beside it", async () => {
  const share = { Tag: "share0", HostFolder: "/a", GuestFolder: "/b", Later: 1 };
  const machine = await layMachine({ ...driver, EnginePort: 2376, Shares: [share] });
  await changeDriver(machine, { Memory: 512 });
  const { Driver } = JSON.parse(await readFile(machine.files.config, "utf8"));
  expect(Driver).toMatchObject({ Memory: 512, CPU: 1, EnginePort: 2376, Shares: [share] });
});

test("a key that the driver doesn't know is refused, and nothing is written", async () => {
  const machine = await layMachine(driver);
  const before = await readFile(machine.files.config, "utf8");
  const misspelt: object = { Memroy: 512 };
  expect(() => changeDriver(machine, misspelt)).toThrow(/config\.json: .*"Memroy"/);
  expect(() => changeDriver(machine, { Memory: 0.5 })).toThrow(/config\.json: Memory: /);
  expect(await readFile(machine.files.config, "utf8")).toBe(before);
});

test("a misspelt key is a type error too", async () => {
  const machine = await layMachine(driver);
  // @ts-expect-error: there is no such setting.
  expect(() => changeDriver(machine, { Memroy: 512 })).toThrow();
});

test("a new machine's config has no key that nobody knows", () => {
  const text = configText({ ...driver, Memroy: 512 });
  expect(() => checkNewConfig(JSON.parse(text), "config.json")).toThrow(
    /config\.json: Driver: .*"Memroy"/,
  );
  const publish = [{ HostPort: 80, GuestPort: 80, Protcol: "udp" }];
  const nested = configText({ ...driver, Publish: publish });
  expect(() => checkNewConfig(JSON.parse(nested), "config.json")).toThrow(
    /Publish\.0: .*"Protcol"/,
  );
  expect(checkNewConfig(JSON.parse(configText(driver)), "config.json").Name).toBe("box");
});
