import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { planFreeReserve } from "./free-reserve.ts";
import { planSysctls } from "./plan-sysctls.ts";
import { sysctlsStage } from "./stage.ts";

test.each([
  ["net.ipv4.ip_forward = 1", "/proc/sys/net/ipv4/ip_forward", "1"],
  ["net/ipv4/ip_forward=1", "/proc/sys/net/ipv4/ip_forward", "1"],
  ["net.ipv4.conf.eth0/1.forwarding = 1", "/proc/sys/net/ipv4/conf/eth0.1/forwarding", "1"],
  ["net/ipv4/conf/eth0.1/forwarding = 1", "/proc/sys/net/ipv4/conf/eth0.1/forwarding", "1"],
  ["a.b =  1 2\t3 ", "/proc/sys/a/b", "1 2\t3"],
])("%j is a setting of %s", (line, path, value) => {
  const { sysctls, warnings } = planSysctls([{ path: "/etc/sysctl.d/x", text: line }]);
  expect(warnings).toEqual([]);
  expect(sysctls).toMatchObject([{ path, value }]);
});

test("comments and empty lines are nothing, and a later file wins", () => {
  const { sysctls } = planSysctls([
    { path: "/etc/sysctl.d/10.conf", text: "# a.b = 0\n; note\n\na.b = 1\n-c.d = 5\n" },
    { path: "/etc/sysctl.d/20.conf", text: "a.b = 2\n" },
  ]);
  expect(sysctls.map(({ key, value, isOptional }) => [key, value, isOptional])).toEqual([
    ["a.b", "2", false],
    ["c.d", "5", true],
  ]);
});

test.each(["a.b", "= 1", "a b = 1", "../../etc/passwd = x"])("%j is warned about", (line) => {
  const { sysctls, warnings } = planSysctls([{ path: "/etc/x.conf", text: `\n${line}` }]);
  expect(sysctls).toEqual([]);
  expect(warnings).toEqual([`/etc/x.conf:2: "${line}" is not a setting of the form key = value`]);
});

test("the stage sets what it can and says what the kernel refused", async () => {
  const kernel = new FakeKernel().lay({
    "/etc/sysctl.d/10-a.conf": "a.b = 1\na.missing = 1\n-a.maybe = 1\na.refused = 9\n",
    "/etc/sysctl.d/README": "a.b = 7\n",
    "/proc/sys/a/b": "0",
    "/proc/sys/a/refused": "0",
  });
  kernel.failOn("writePlain", "/proc/sys/a/refused", "EINVAL");
  const notes = { observed: null, plan: null, done: [] as string[] };
  const outcome = await sysctlsStage.run({ kernel, options: defaultBootOptions, notes });
  expect(outcome.message).toBe("1 set; a.missing: ENOENT; a.refused: EINVAL");
  expect(kernel.readText("/proc/sys/a/b")).toBe("1");
  expect(kernel.exists("/proc/sys/a/missing")).toBe(false);
});

test.each([
  // MemTotal and what huge pages have made of vm.min_free_kbytes, in KiB.
  [1_002_340, 45_056, 8010],
  [483_000, 45_056, 5560],
  [230_000, 45_056, 3837],
  [16_300_000, 67_584, 32_299],
  [40_000, 45_056, 2048],
  [1_002_340, 4004, undefined],
  [65_900_000, 67_584, 64_944],
  [131_900_000, 67_584, undefined],
  [0, 45_056, undefined],
])("of %i KiB of memory with %i kept free, %s are enough", (total, present, enough) => {
  expect(planFreeReserve(`MemTotal: ${total} kB\n`, present)).toBe(enough);
});

describe("the free reserve", () => {
  const run = async (files: Record<string, string>) => {
    const kernel = new FakeKernel().lay({
      "/proc/meminfo": "MemTotal:  1002340 kB\nMemAvailable:  700000 kB\n",
      "/proc/sys/vm/min_free_kbytes": "45056\n",
      ...files,
    });
    const notes = { observed: null as unknown, plan: null, done: [] as string[] };
    await sysctlsStage.run({ kernel, options: defaultBootOptions, notes });
    return { notes, value: kernel.readText("/proc/sys/vm/min_free_kbytes").trim() };
  };

  test("is made small enough for a small machine, and what it brought is recorded", async () => {
    const { notes, value } = await run({});
    expect(value).toBe("8010");
    expect(notes.done).toEqual(["vm.min_free_kbytes = 8010"]);
    expect(notes.observed).toMatchObject({ availableBytes: { before: 700_000 * 1024 } });
  });

  test.each(["vm.min_free_kbytes = 30000", "-vm/min_free_kbytes = 30000"])(
    "is what a file says: %s",
    async (line) => {
      const { value } = await run({ "/etc/sysctl.d/50-own.conf": line });
      expect(value).toBe("30000");
    },
  );
});

describe("the image's own settings", () => {
  const folder = new URL("../../../image/tree/etc/sysctl.d/", import.meta.url);
  const files = readdirSync(folder)
    .toSorted()
    .map((name) => ({
      path: `/etc/sysctl.d/${name}` as const,
      text: readFileSync(new URL(name, folder), "utf8"),
    }));
  const { sysctls, warnings } = planSysctls(files);
  const said = (key: string) => sysctls.find((one) => one.key === key)?.value;

  test("are settings", () => {
    expect(warnings).toEqual([]);
  });

  test.each([
    ["ipv6", "accept_ra"],
    ["ipv6", "accept_redirects"],
    ["ipv6", "accept_source_route"],
    ["ipv4", "accept_redirects"],
    ["ipv4", "send_redirects"],
    ["ipv4", "accept_source_route"],
    ["ipv4", "proxy_arp"],
  ])("let no interface that comes believe its network: %s %s", (family, name) => {
    expect(said(`net.${family}.conf.all.${name}`)).toBe("0");
    expect(said(`net.${family}.conf.default.${name}`)).toBe("0");
  });

  test("leave forwarding to whoever has the rules for it", () => {
    expect(sysctls.filter(({ key }) => /forward/.test(key))).toEqual([]);
  });

  test("have senders checked as Debian does", () => {
    expect(said("net.ipv4.conf.default.rp_filter")).toBe("2");
  });
});
