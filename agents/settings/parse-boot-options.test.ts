import { describe, expect, test } from "vitest";
import { bootOptionsText, bootOptionTable } from "./boot-option-table.ts";
import { defaultBootOptions } from "./boot-options.ts";
import { parseBootOptions } from "./parse-boot-options.ts";

describe("parseBootOptions", () => {
  test.each([
    ["", {}],
    ["noembed", { root: "noembed" }],
    ["noembed embed", { root: "embed" }],
    ["embed noembed", { root: "noembed" }],
    ["host=web-1.lan", { hostname: "web-1.lan" }],
    ['host="web"', { hostname: "web" }],
    ["user=docker", { user: "docker" }],
    ["nodhcp norestore", { nodhcp: true, restore: false }],
    ["noswap nozswap", { noswap: true, nozswap: true }],
    ["swapfile=512M", { swapFile: "512M" }],
    ["swapfile=/mnt/vda1/swap", { swapFile: "/mnt/vda1/swap" }],
    ["tz=CET-1CEST,M3.5.0,M10.5.0/3", { timeZone: "CET-1CEST,M3.5.0,M10.5.0/3" }],
    [
      "ntpserver=a.lan,192.0.2.1 ntpserver=fd00::1",
      { timeServers: ["a.lan", "192.0.2.1", "fd00::1"] },
    ],
    ["home=sda1 opt=LABEL=x", { homePartition: "sda1", optPartition: "LABEL=x" }],
    ["nfsmount=nas:/a,nas:/b", { nfsMounts: ["nas:/a", "nas:/b"] }],
    ["superuser pwauth multivt", { superuser: true, passwordLogin: true, multivt: true }],
    ["cron syslog", { cron: true, syslog: true }],
    ["blacklist=e1000,sr_mod blacklist=ahci", { blacklist: ["e1000", "sr_mod", "ahci"] }],
    ["boot2podman.fault=cgroups,devices", { faults: ["cgroups", "devices"] }],
    ["boot2podman.rescue noautologin", { autologin: false }],
    ["secure", { autologin: false }],
  ])("understands %j", (commandLine, expected) => {
    const parsed = parseBootOptions(commandLine);
    expect(parsed.warnings).toEqual([]);
    expect(parsed.options).toMatchObject({ ...defaultBootOptions, ...expected });
  });

  test("leaves the words of the kernel and of others alone", () => {
    const line =
      "rootfstype=ramfs loglevel=3 console=tty0 console=ttyS0,115200 quiet tce=sda1 embedded";
    expect(parseBootOptions(`${line} BOOT_IMAGE=/boot/vmlinuz64\n`)).toEqual({
      options: defaultBootOptions,
      warnings: [],
    });
  });

  test.each([
    ["host=", "boot option host=: expected a name of 0-9 a-z A-Z . -"],
    ["host=-x", "boot option host=-x: expected a name of 0-9 a-z A-Z . -"],
    ["host=a_b", "boot option host=a_b: expected a name"],
    ["host", "boot option host: expected a name"],
    [`host=${"a".repeat(64)}`, "expected a name"],
    ["user=Root!", "boot option user=Root!: expected a user's name"],
    ["tz=..", "boot option tz=..: expected a time zone such as Europe/Berlin"],
    ["swapfile=big", "expected a size"],
    ["home=../x", "boot option home=../x: expected sda1"],
    ["nfsmount=", "expected HOST:/FOLDER"],
    ["cron=daily", "boot option cron=daily: expected cron alone"],
    ["waitusb=soon", "boot option waitusb=soon: expected SECONDS"],
    ["blacklist=,", "boot option blacklist=,: expected modules"],
    ["embed=yes", "boot option embed=yes: expected embed alone"],
    ["boot2podman.falt=x", "boot option boot2podman.falt=x is unknown"],
  ])("leaves %j out with one warning", (commandLine, warning) => {
    const parsed = parseBootOptions(commandLine);
    expect(parsed.options).toEqual(defaultBootOptions);
    expect(parsed.warnings).toHaveLength(1);
    expect(parsed.warnings[0]).toContain(warning);
  });

  test("doesn't remember one boot's words in the next", () => {
    parseBootOptions("blacklist=a embed boot2podman.fault=b");
    expect(parseBootOptions("").options).toEqual({
      ...defaultBootOptions,
      root: "noembed",
      blacklist: [],
      faults: [],
    });
  });
});

test("the list of boot options names each once, with its help", () => {
  const lines = bootOptionsText().split("\n");
  expect(lines).toHaveLength(bootOptionTable.length);
  expect(new Set(bootOptionTable.map((kind) => kind.name)).size).toBe(lines.length);
  expect(lines).toContainEqual(expect.stringMatching(/^host=NAME +the host name/));
});
