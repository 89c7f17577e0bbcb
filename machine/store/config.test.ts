import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keyPath, parseConfig, readConfig, writeConfig } from "./config.ts";

const sound = {
  ConfigVersion: 3,
  Driver: { SSHPort: 40_000, Memory: 1024, DiskSize: 20_000, CPU: 1 },
  DriverName: "qemu",
  HostOptions: {},
  Name: "box",
};

function parse(value: unknown) {
  return parseConfig(JSON.stringify(value), "/m/config.json");
}

test("what an older machine doesn't say has the meaning that it had", () => {
  const { Driver } = parse(sound);
  expect(Driver).toMatchObject({
    Boot: "iso",
    SSHUser: "tc",
    SSHKeyPath: "id_rsa",
    SSHPortFixed: false,
  });
});

test("what another program wrote is kept", () => {
  const other = { ...sound, Driver: { ...sound.Driver, EnginePort: 7 }, HostOptions: { Env: [] } };
  expect(parse(other).Driver).toMatchObject({ EnginePort: 7 });
  expect(parse(other).HostOptions).toMatchObject({ Env: [] });
});

test.each([
  ["another version", { ...sound, ConfigVersion: 1 }, "ConfigVersion"],
  ["another driver", { ...sound, DriverName: "hyperv" }, "DriverName"],
  ["no port", { ...sound, Driver: { ...sound.Driver, SSHPort: undefined } }, "Driver.SSHPort"],
  ["port 0", { ...sound, Driver: { ...sound.Driver, SSHPort: 0 } }, "Driver.SSHPort"],
  ["port 65536", { ...sound, Driver: { ...sound.Driver, SSHPort: 65_536 } }, "Driver.SSHPort"],
  ["memory as text", { ...sound, Driver: { ...sound.Driver, Memory: "1G" } }, "Driver.Memory"],
  ["half a processor", { ...sound, Driver: { ...sound.Driver, CPU: 0.5 } }, "Driver.CPU"],
  ["another way to boot", { ...sound, Driver: { ...sound.Driver, Boot: "usb" } }, "Driver.Boot"],
  ["no user", { ...sound, Driver: { ...sound.Driver, SSHUser: "" } }, "Driver.SSHUser"],
  ["a list", [], "the file"],
])("%s is refused with the file and the key", (_, value, key) => {
  expect(() => parse(value)).toThrow(`/m/config.json: ${key}: `);
});

test("what isn't JSON is refused", () => {
  expect(() => parseConfig("{", "/m/config.json")).toThrow("/m/config.json is not JSON");
});

test("a config that was written is read back, and only its owner can read it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "config-"));
  try {
    const path = join(folder, "config.json");
    await writeConfig(path, parse(sound));
    expect(await readConfig(path, "box")).toEqual(parse(sound));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).toMatch(/^\{\n {4}"ConfigVersion": 3,\n/);
    await expect(readConfig(join(folder, "none"), "x")).rejects.toThrow('"x" does not exist');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the key is looked for in the machine's folder wherever that was moved to", () => {
  const config = parse({ ...sound, Driver: { ...sound.Driver, SSHKeyPath: "/old/box/id_rsa" } });
  expect(keyPath("/new/box", config)).toBe("/new/box/id_rsa");
});
