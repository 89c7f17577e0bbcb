import { describe, expect, test } from "vitest";
import { settingsStage } from "../init-hooks/settings/stage.ts";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { type BootOptions, defaultBootOptions } from "./boot-options.ts";
import { configPaths } from "./options/sources.ts";
import { openSettings, readSettings } from "./settings.ts";

interface Given {
  image?: string;
  disk?: string;
  line?: string;
}

function system({ image, disk, line = "" }: Given): FakeKernel {
  const kernel = new FakeKernel().lay({ "/proc/cmdline": line });
  if (image !== undefined) {
    kernel.lay({ [configPaths.image]: image });
  }
  if (disk !== undefined) {
    kernel.lay({ [configPaths["data disk"]]: disk });
  }
  return kernel;
}

describe("the settings", () => {
  test.each<[string, Given, string | undefined, string[]]>([
    ["no source", {}, undefined, []],
    ["the image", { image: 'host = "img"' }, "img", ["host image"]],
    [
      "the data disk over the image",
      { image: 'host = "img"', disk: 'host = "disk"' },
      "disk",
      ["host data disk"],
    ],
    [
      "the command line over both",
      { image: 'host = "img"', disk: 'host = "disk"', line: "host=line" },
      "line",
      ["host command line"],
    ],
    [
      "a weaker one when the stronger is no name",
      { disk: 'host = "disk"', line: "host=_" },
      "disk",
      ["host data disk"],
    ],
  ])("take the host's name of %s", async (_, given, expected, from) => {
    const { settings } = openSettings(given.line ?? "");
    const kernel = system(given);
    await settings.readFile(kernel, "image");
    await settings.readFile(kernel, "data disk");
    expect(settings.options.hostname).toBe(expected);
    expect(settings.resolved().settings.map(({ name, source }) => `${name} ${source}`)).toEqual(
      from,
    );
  });

  test("keep to one object, so that stages see what is read later", async () => {
    const { settings } = openSettings("");
    const { options } = settings;
    await settings.readFile(system({ disk: "nodhcp = true" }), "data disk");
    expect(options.nodhcp).toBe(true);
  });

  test.each([
    [
      "a list replaces the weaker source's",
      { image: 'blacklist = ["a", "b"]', line: "blacklist=c blacklist=d" },
      { blacklist: ["c", "d"] },
    ],
    ["a list of a file", { image: 'blacklist = ["a", "b,c"]' }, { blacklist: ["a", "b", "c"] }],
    [
      "false takes back what the image says",
      { image: "nodhcp = true", disk: "nodhcp = false" },
      { nodhcp: false },
    ],
    [
      "the command line can take back, too",
      { disk: "noautologin = true", line: "noautologin=off" },
      { autologin: true },
    ],
    [
      "names without boot2podman.",
      { image: 'format = "vm"' },
      { automount: { ...defaultBootOptions.automount, format: "vm" } },
    ],
    [
      "a whole number",
      { image: "waitusb = 5" },
      { automount: { ...defaultBootOptions.automount, wait: { timeoutMs: 5000, for: undefined } } },
    ],
  ])("%s", async (_, given, expected) => {
    const { options, warnings } = await readSettings(system(given));
    expect(warnings).toEqual([]);
    expect(options).toEqual({ ...defaultBootOptions, ...expected });
  });

  test.each<[Given, string]>([
    [{ disk: "host =" }, `${configPaths["data disk"]}:1: Invalid TOML document`],
    [
      { disk: 'hots = "x"' },
      `${configPaths["data disk"]}: hots is unknown; see "init-hooks options"`,
    ],
    [{ disk: '[host]\nname = "x"' }, "host.name is unknown"],
    [{ disk: "host = 1979-05-27" }, "host: expected text, a whole number, true, false or a list"],
    [{ disk: "host = [[1]]" }, "host: expected text, a whole number"],
    [{ disk: 'host = "-x"' }, 'host = "-x": expected a name'],
    [{ disk: 'nodhcp = "yes"' }, 'nodhcp = "yes": expected nodhcp alone'],
    [
      { disk: 'blacklist = "e1000"' },
      "expected nothing: it is used before this is read; set it on the kernel command line or in the image's",
    ],
    [{ image: "embed = true" }, "set it on the kernel command line"],
    [{ disk: `# ${"x".repeat(70_000)}` }, "is longer than 65536 bytes; nothing of it is used"],
    [{ line: "boot2podman.foo" }, "boot option boot2podman.foo is unknown"],
  ])("warn in one line about %j and go on", async (given, warning) => {
    const { options, warnings } = await readSettings(system(given));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(warning);
    expect(warnings[0]).not.toContain("\n");
    expect(options).toEqual(defaultBootOptions);
  });

  test("warn about a folder in the file's place", async () => {
    const kernel = system({}).lay({ [configPaths["data disk"]]: null });
    expect((await readSettings(kernel)).warnings).toHaveLength(1);
  });

  test.each<[string, Given, Partial<BootOptions["automount"]>]>([
    [
      "a policy formats none, whatever the image says",
      { image: 'format = "blank"', line: "boot2podman.format=all" },
      { format: "never" },
    ],
    [
      "a disk leaves all alone, whatever the image says",
      { image: 'disk = "sda"', line: "boot2podman.disk=../x" },
      { disk: { by: "nothing" } },
    ],
    [
      "a disk leaves all alone, also when automount is asked for behind it",
      { line: "boot2podman.disk=../x boot2podman.automount=on" },
      { disk: { by: "nothing" } },
    ],
    [
      "a disk gives way to one that the command line names",
      { image: 'disk = "../x"', line: "boot2podman.disk=sda" },
      { disk: { by: "name", value: "sda" } },
    ],
    [
      "a switch for automount is off",
      { image: "automount = true", line: "boot2podman.automount=yes" },
      { enabled: false },
    ],
  ])("what isn't understood as %s", async (_, given, expected) => {
    const { settings } = openSettings(given.line ?? "");
    const warnings = [...settings.resolved().warnings];
    warnings.push(...(await settings.readFile(system(given), "image")));
    expect(warnings).toHaveLength(1);
    expect(settings.options.automount).toEqual({ ...defaultBootOptions.automount, ...expected });
  });

  test("what isn't understood and closes a door isn't shown as what a weaker source said", () => {
    const { settings } = openSettings("boot2podman.format=blank boot2podman.format=all");
    expect(settings.resolved().settings).toEqual([]);
  });

  test.each([
    ["boot2podman.share=a:/a", 'share = "b:/b"', ["b", "a"]],
    ["boot2podman.share=a:/x", 'share = "b:/x"', ["a"]],
    ["", 'share = ["a:/a", "b:/b"]', ["a", "b"]],
  ])(
    "shares of %j and of the disk's %j add up, one for each path",
    async (line, disk, expected) => {
      const { options } = await readSettings(system({ line, disk }));
      expect(options.shares.wanted.map(({ name }) => name)).toEqual(expected);
    },
  );

  test("a stronger source's keys, interfaces and name servers replace a weaker one's", async () => {
    const disk = 'key = ["t a", "t b"]\nip = ["eth0:off", "eth1:off"]\nnameserver = "10.0.0.1"';
    const line = 'boot2podman.key="t c" ip=eth2:off nameserver=10.0.0.2 nameserver=10.0.0.3';
    const { options } = await readSettings(system({ line, disk }));
    expect(options.keys).toEqual(["t c"]);
    expect(options.network.interfaces.map(({ interfaceName }) => interfaceName)).toEqual(["eth2"]);
    expect(options.network.nameServers).toEqual(["10.0.0.2", "10.0.0.3"]);
    const { options: ofDisk } = await readSettings(system({ disk }));
    expect([ofDisk.keys.length, ofDisk.network.interfaces.length]).toEqual([2, 2]);
  });
});

test("the stage has interfaces served anew, and goes on when that fails", async () => {
  const kernel = system({}).lay({ "/etc": null });
  const { settings } = openSettings("");
  const said: string[] = [];
  const notes = { observed: null, plan: null, done: [] as string[] };
  const context = { kernel, options: settings.options, notes };
  const warn = (line: string) => said.push(line);
  await settingsStage(settings, warn, async () => ["eth0", "eth1"]).run(context);
  expect(notes.done).toEqual(["set the network of a NoCloud disk that came late: eth0, eth1"]);
  const failing = settingsStage(settings, warn, async () => {
    throw new Error("no ip");
  });
  expect((await failing.run(context)).result).toBe("ok");
  expect(said).toEqual(["network: no ip"]);
});

test("the stage says on the console what isn't understood, and records where settings came from", async () => {
  const kernel = system({ disk: "hots = 1\nnozswap = true" }).lay({ "/etc": null });
  const { settings } = openSettings("noembed host=web");
  const said: string[] = [];
  const notes = { observed: null, plan: null, done: [] };
  const stage = settingsStage(
    settings,
    (line) => said.push(line),
    async () => [],
  );
  const outcome = await stage.run({ kernel, options: settings.options, notes });
  expect(said).toEqual([`${configPaths["data disk"]}: hots is unknown; see "init-hooks options"`]);
  expect(outcome).toEqual({
    result: "ok",
    message: `2 settings of this machine's own; ${said[0]}`,
  });
  expect(notes.observed).toEqual({
    settings: [
      { name: "host", value: "web", source: "command line" },
      { name: "nozswap", value: "on", source: "data disk" },
    ],
  });
});
