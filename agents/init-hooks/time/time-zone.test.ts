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

test("a zone's name is enough where its file is in the image", () => {
  const zone = "/usr/share/zoneinfo/Europe/Berlin";
  const kernel = new FakeKernel().lay({ "/etc": null, [zone]: "TZif2" });
  expect(setTimeZone(kernel, "Europe/Berlin")).toBe("time zone Europe/Berlin");
  expect(kernel.readText(localtimePath)).toBe("TZif2");
});
