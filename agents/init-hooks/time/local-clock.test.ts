import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { looksLocal, minutesEast, readAsLocal } from "./local-clock.ts";

const hour = 3_600_000;

test.each([
  ["+0200", 120],
  ["-0930", -570],
  ["+0000", 0],
  ["CEST", 0],
])("%s is %i minutes east", (text, minutes) => {
  expect(minutesEast(text)).toBe(minutes);
});

test.each([
  [-2 * hour, true],
  [-2 * hour + 4_000, true],
  [5.75 * hour, true],
  [14 * hour, true],
  [0, false],
  [4_000, false],
  [-2 * hour + 60_000, false],
  [24 * hour, false],
])("a clock that is off by %i ms looks like local time: %j", (offsetMs, looks) => {
  expect(looksLocal(offsetMs)).toBe(looks);
});

describe("rtc=local", () => {
  function system(hardwareAheadMs: number) {
    const kernel = new FakeKernel().lay({
      "/etc": null,
      "/usr/share/zoneinfo/Europe/Berlin": "TZif",
    });
    kernel.clockErrorMs = 2 * hour;
    const seconds = Math.floor((kernel.nowMs() + hardwareAheadMs) / 1000);
    kernel.lay({ "/sys/class/rtc/rtc0/since_epoch": `${seconds}\n` });
    return kernel.onRun("date", () => ({ stdout: "+0200\n" }));
  }

  test("takes the zone's offset away from a clock that the hardware has set", async () => {
    const kernel = system(0);
    expect(await readAsLocal(kernel, "Europe/Berlin")).toBe(
      "the hardware clock shows local time, UTC+0200 (rtc=local)",
    );
    expect(kernel.clockErrorMs).toBe(0);
  });

  test("leaves a clock that another one has set, such as KVM's", async () => {
    const kernel = system(-2 * hour);
    expect(await readAsLocal(kernel, "Europe/Berlin")).toMatch(/isn't the hardware clock's/);
    expect(kernel.clockErrorMs).toBe(2 * hour);
  });

  test("needs a zone, and says so", async () => {
    expect(await readAsLocal(system(0), undefined)).toMatch(/needs the zone: tz=/);
  });
});
