import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { isPosixZone, localtimePath, setTimeZone, zoneFile } from "./time-zone.ts";

test.each([
  ["UTC0", true],
  ["CET-1CEST,M3.5.0,M10.5.0/3", true],
  ["<+0330>-3:30", true],
  ["EST5EDT", true],
  ["NZST-12NZDT,M9.5.0,M4.1.0/3", true],
  ["Europe/Berlin", false],
  ["CET", false],
  ["CET-1CEST,M3.5.0", false],
])("%s is a zone in POSIX's form: %s", (zone, is) => {
  expect(isPosixZone(zone)).toBe(is);
});

test("the system's own date understands the file, in winter and in summer", () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "b2p-zone-")), "zone");
  writeFileSync(file, zoneFile("CET-1CEST,M3.5.0,M10.5.0/3"));
  const hour = (date: string) =>
    execFileSync("date", ["-d", date, "+%H %Z"], { env: { TZ: `:${file}` }, encoding: "utf8" });
  expect(hour("2026-01-01T12:00Z")).toBe("13 CET\n");
  expect(hour("2026-07-01T12:00Z")).toBe("14 CEST\n");
});

test("a zone that isn't known is said, and none is changed", () => {
  const kernel = new FakeKernel().lay({ "/etc": null });
  expect(setTimeZone(kernel, "Europe/Berlin")).toMatch(/is unknown/);
  expect(setTimeZone(kernel, undefined)).toBe("");
  expect(kernel.exists(localtimePath)).toBe(false);
});

test("a zone's name is enough: it is linked to, and told by its name", () => {
  const zone = "/usr/share/zoneinfo/America/New_York";
  const kernel = new FakeKernel().lay({ "/etc/timezone": "UTC\n", [zone]: "TZif2" });
  kernel.symlink("/usr/share/zoneinfo/UTC", localtimePath);
  expect(setTimeZone(kernel, "America/New_York")).toBe("time zone America/New_York");
  expect(kernel.readlink(localtimePath)).toBe(zone);
  expect(kernel.readText("/etc/timezone")).toBe("America/New_York\n");
});

test("a zone in POSIX's form takes the link's place, and leaves the zone that it led to", () => {
  const utc = "/usr/share/zoneinfo/UTC";
  const kernel = new FakeKernel().lay({ "/etc": null, [utc]: "TZif2" });
  kernel.symlink(utc, localtimePath);
  expect(setTimeZone(kernel, "JST-9")).toBe("time zone JST-9");
  expect(kernel.readText(localtimePath)).toContain("\nJST-9\n");
  expect(kernel.readText(utc)).toBe("TZif2");
  expect(kernel.readText("/etc/timezone")).toBe("JST-9\n");
});

test.each(["Europe", "Europe/Berlni", "../../etc/passwd"])("%s is no zone", (zone) => {
  const kernel = new FakeKernel().lay({
    "/etc/passwd": "",
    "/usr/share/zoneinfo/Europe/Berlin": "TZif2",
  });
  expect(setTimeZone(kernel, zone)).toMatch(
    /is unknown, and the time zone stays UTC: use a name below/,
  );
  expect(kernel.exists(localtimePath)).toBe(false);
});
