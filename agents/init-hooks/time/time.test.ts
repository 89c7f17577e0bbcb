import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { middle, nextPollS, planCorrection, timeConstant } from "./correction.ts";
import { keepTime } from "./keep-time.ts";
import { fakeTimeServer } from "./made-time-server.testing.ts";
import { findHypervisorClock, planTimeServers } from "./sources.ts";

const rtc = "/sys/class/rtc/rtc0/since_epoch";

/** A machine whose hardware clock is `rtcErrorMs` wrong, with a right time server at 10.0.0.1 unless told. */
function system(options: { rtcErrorMs?: number; hasServer?: boolean } = {}) {
  const kernel = new FakeKernel().lay({ "/run/network": null });
  if (options.hasServer ?? true) {
    kernel.servers.set("10.0.0.1", fakeTimeServer(kernel));
  }
  const showHardwareClock = () => {
    const ms = kernel.trueMs() + (options.rtcErrorMs ?? 0);
    kernel.lay({ [rtc]: `${Math.floor(ms / 1000)}\n` });
  };
  showHardwareClock();
  const pauses: number[] = [];
  const start = (servers = ["10.0.0.1"]) =>
    keepTime(kernel, { servers, onPause: (pausedMs) => pauses.push(pausedMs) });
  /** Lets the machine run for so long. */
  const live = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      kernel.clockMs += 50;
      showHardwareClock();
      await vi.advanceTimersByTimeAsync(50);
    }
  };
  /** The machine stands still: all goes on but its own clock. */
  const standStill = (ms: number) => {
    kernel.clockMs += ms;
    kernel.clockErrorMs -= ms;
    showHardwareClock();
  };
  return { kernel, start, live, standStill, pauses };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a clock by time servers", () => {
  test("is set at once at first, and says by how much it was wrong", async () => {
    const { kernel, start } = system();
    kernel.clockErrorMs = -3_600_000;
    expect(await start().first).toBe("10.0.0.1: off by -3600.000 s");
    expect(kernel.clockErrorMs).toBe(0);
  });

  test("that seems to show local time is said to, where the hardware has set it", async () => {
    const { kernel, start } = system({ rtcErrorMs: 7_200_000 });
    kernel.clockErrorMs = 7_200_000;
    expect(await start().first).toBe(
      "10.0.0.1: off by 7200.000 s; the hardware clock seems to show local time (rtc=local)",
    );
    const other = system();
    other.kernel.clockErrorMs = 7_200_000;
    expect(await other.start().first).toBe("10.0.0.1: off by 7200.000 s");
  });

  test("leaves word on the data disk of when it was right, once an hour", async () => {
    const { kernel, start, live } = system();
    kernel.lay({ "/var/lib/boot2podman": null });
    kernel.mount({ source: "/dev/sda1", target: "/var/lib/boot2podman", type: "ext4", flags: [] });
    start();
    await live(300_000);
    const written = kernel.journal.filter((line) => line.includes("/var/lib/boot2podman/clock"));
    expect(written).toHaveLength(1);
    expect(kernel.readText("/var/lib/boot2podman/clock")).toMatch(/^2023-11-14T.*Z\n$/);
  });

  test("is taken along gently when it is nearly right, and the kernel is told so", async () => {
    const { kernel, start, live } = system();
    await live(1000);
    start();
    await live(1000);
    kernel.clockErrorMs = 40;
    await live(130_000);
    expect(kernel.corrections.slice(0, 2)).toEqual([
      { how: "slew", byMs: expect.closeTo(0) },
      { how: "slew", byMs: expect.closeTo(-40) },
    ]);
  });

  test("is right within two seconds of a pause, also with a hardware clock that is hours wrong (accident 11)", async () => {
    for (const rtcErrorMs of [0, -9 * 3_600_000, 7_200_000]) {
      const { kernel, start, live, standStill, pauses } = system({ rtcErrorMs });
      const keeper = start();
      await live(40_000);
      for (const ms of [600_000, 5_000, 1_600]) {
        standStill(ms);
        await live(2_000);
        expect(kernel.clockErrorMs).toBeCloseTo(0);
        await live(40_000);
      }
      expect(pauses).toHaveLength(3);
      keeper.close();
    }
  });

  test("is right by the hardware clock when no server answers any more", async () => {
    const { kernel, start, live, standStill } = system({ rtcErrorMs: -3_600_000 });
    start();
    await live(60_000);
    kernel.servers.set("10.0.0.1", () => new Uint8Array(3));
    standStill(60_000);
    await live(2_000);
    expect(Math.abs(kernel.clockErrorMs)).toBeLessThan(1_000);
  });

  test("is put right once when somebody else sets it after the pause, whoever is first", async () => {
    for (let afterMs = 0; afterMs < 2_000; afterMs += 200) {
      const { kernel, start, live, standStill } = system();
      const keeper = start();
      await live(60_000);
      vi.spyOn(kernel, "exchange").mockReturnValue(new Promise(() => undefined));
      standStill(60_000);
      await live(afterMs);
      kernel.clockErrorMs = 0;
      await live(10_000);
      expect(Math.abs(kernel.clockErrorMs)).toBeLessThan(1_000);
      keeper.close();
    }
  });

  test("is right when somebody else sets it just before it is put right", async () => {
    for (const hasServer of [false, true]) {
      const { kernel, start, live, standStill } = system({ hasServer });
      const keeper = start();
      await live(60_000);
      const step = kernel.stepTime.bind(kernel);
      vi.spyOn(kernel, "stepTime").mockImplementationOnce((byMs) => {
        kernel.clockErrorMs = 0;
        step(byMs);
      });
      standStill(60_000);
      await live(10_000);
      expect(Math.abs(kernel.clockErrorMs)).toBeLessThan(1_000);
      keeper.close();
    }
  });

  test("is right when a server's answer comes after the hardware clock's", async () => {
    const { kernel, start, live, standStill } = system();
    start();
    await live(40_000);
    const answer = fakeTimeServer(kernel);
    vi.spyOn(kernel, "exchange").mockImplementation(async (request) => {
      const sentMs = kernel.nowMs();
      await new Promise((resolve) => setTimeout(resolve, 600));
      const payload = answer(request);
      await new Promise((resolve) => setTimeout(resolve, 600));
      return { payload, sentMs, receivedMs: kernel.nowMs() };
    });
    standStill(5_000);
    await live(5_000);
    expect(kernel.kernelLog.filter((line) => line.includes("the hardware clock"))).toHaveLength(1);
    expect(Math.abs(kernel.clockErrorMs)).toBeLessThan(100);
  });

  test("is left alone when the kernel sets the hardware clock by it", async () => {
    const options = { rtcErrorMs: -2_800 };
    const { kernel, start, live, standStill, pauses } = system(options);
    start();
    await live(60_000);
    kernel.servers.set("10.0.0.1", () => new Uint8Array(3));
    standStill(60_000);
    for (let round = 0; round < 15; round += 1) {
      const before = kernel.corrections.length;
      await live(2_000);
      if (kernel.corrections.length > before) {
        options.rtcErrorMs = kernel.clockErrorMs;
      }
    }
    expect(pauses).toHaveLength(1);
    expect(Math.abs(kernel.clockErrorMs)).toBeLessThan(1_000);
  });

  test("notices no pause where there was none, for an hour", async () => {
    const { kernel, start, live, pauses } = system();
    start();
    await live(3_600_000 / 4);
    expect(pauses).toEqual([]);
    expect(kernel.corrections.every(({ how }) => how === "slew")).toBe(true);
  });

  test("takes it for no pause when the hardware clock is set right", async () => {
    const options = { rtcErrorMs: -7_200_000 };
    const { start, live, pauses } = system(options);
    start();
    await live(40_000);
    options.rtcErrorMs = 0;
    await live(40_000);
    expect(pauses).toEqual([]);
  });

  test("is asked about again when the network comes, and less and less often until then", async () => {
    const { kernel, start, live } = system({ hasServer: false });
    const asked = vi.spyOn(kernel, "exchange");
    const { first } = start();
    await live(100_000);
    expect(await first).toMatch(/^no time server answers: .*ETIMEDOUT/);
    expect(asked.mock.calls.length).toBeLessThan(6);
    kernel.servers.set("10.0.0.1", fakeTimeServer(kernel));
    kernel.clockErrorMs = 5_000;
    kernel.emitChange("/run/network");
    await live(100);
    expect(kernel.clockErrorMs).toBeCloseTo(0);
  });

  test("is asked about of servers of both kinds, of at most four", async () => {
    const asked = async (...addresses: string[]) => {
      const { kernel, start } = system({ hasServer: false });
      kernel.hosts.set("pool", addresses);
      const exchange = vi.spyOn(kernel, "exchange");
      await start(["pool"]).first;
      return exchange.mock.calls.map(([{ address }]) => address);
    };
    expect(await asked("::1", "::2", "::3", "1", "2", "3", "4")).toEqual(["1", "2", "::1", "::2"]);
    expect(await asked("1", "2", "3", "4", "5")).toEqual(["1", "2", "3", "4"]);
    expect(await asked("::1", "::2", "::3", "::4", "::5", "1")).toEqual(["1", "::1", "::2", "::3"]);
  });

  test("is asked about by name, and with another port", async () => {
    const { kernel, start } = system();
    kernel.hosts.set("ntp.lan", ["10.0.0.1"]);
    const asked = vi.spyOn(kernel, "exchange");
    expect(await start(["ntp.lan:1123"]).first).toMatch(/^10\.0\.0\.1:/);
    expect(asked.mock.calls[0]?.[0].port).toBe(1123);
  });
});

describe("a clock by the hypervisor's", () => {
  function hosted() {
    const made = system({ hasServer: false });
    made.kernel.lay({ "/sys/class/ptp/ptp0/clock_name": "KVM virtual PTP\n" });
    made.kernel.clockDevices.set("/dev/ptp0", 0);
    return made;
  }

  test("is right within a second of a pause, without any network", async () => {
    const { kernel, start, live, standStill, pauses } = hosted();
    kernel.clockErrorMs = 700;
    expect(await start().first).toBe("/dev/ptp0: off by 0.700 s");
    expect(kernel.clockErrorMs).toBeCloseTo(0);
    standStill(30_000);
    await live(1_000);
    expect(kernel.clockErrorMs).toBeCloseTo(0);
    expect(pauses).toHaveLength(1);
  });

  test("is left to the time servers when its device goes, and the log says so once", async () => {
    const { kernel, start, live } = hosted();
    start();
    kernel.clockDevices.clear();
    await live(10_000);
    expect(kernel.kernelLog.filter((line) => line.includes("ENOENT"))).toEqual([
      "time: readClockDevice /dev/ptp0: ENOENT; time servers are asked instead",
    ]);
  });

  test("is left to the time servers when its device never answers; pauses are noticed all the same", async () => {
    const { kernel, start, live, standStill, pauses } = hosted();
    kernel.failOn("readClockDevice", "/dev/ptp0", "EOPNOTSUPP");
    kernel.servers.set("10.0.0.1", fakeTimeServer(kernel));
    kernel.clockErrorMs = 5_000;
    expect(await start().first).toBe("10.0.0.1: off by 5.000 s");
    expect(kernel.clockErrorMs).toBeCloseTo(0);
    await live(40_000);
    standStill(60_000);
    await live(2_000);
    expect(kernel.clockErrorMs).toBeCloseTo(0);
    expect(pauses).toHaveLength(1);
    expect(kernel.kernelLog.filter((line) => line.includes("/dev/ptp0"))).toHaveLength(1);
  });

  test.each([
    ["KVM virtual PTP", "/dev/ptp0"],
    ["hyperv", "/dev/ptp0"],
    ["ptp_vmw", "/dev/ptp0"],
    // A network interface's: it runs as it likes.
    ["000000000000", undefined],
    ["52:54:00:12:34:56", undefined],
  ])("called %s is %s", (name, path) => {
    const kernel = new FakeKernel().lay({ "/sys/class/ptp/ptp0/clock_name": `${name}\n` });
    expect(findHypervisorClock(kernel)).toBe(path);
  });
});

test.each([
  [9, true, "slew"],
  [50, true, "step"],
  [50, false, "slew"],
  [-127, false, "slew"],
  [-130, false, "step"],
])("a clock that is %i ms off (first time: %s) gets a %s", (offsetMs, isFirst, how) => {
  expect(planCorrection(offsetMs, isFirst).do).toBe(how);
});

test("of three servers one that is wrong doesn't matter; of two the nearer counts", () => {
  const sample = (offsetMs: number, delayMs: number) => ({ offsetMs, delayMs });
  expect(middle([sample(9e9, 1), sample(3, 9), sample(2, 50)])).toEqual(sample(3, 9));
  expect(middle([sample(9, 20), sample(4, 5)])).toEqual(sample(4, 5));
  expect(middle([])).toBeUndefined();
});

test("a clock that is right is asked about less often, up to every 17 minutes", () => {
  expect([nextPollS(64, 1), nextPollS(1024, 1), nextPollS(512, 90), nextPollS(64, 90)]).toEqual([
    128, 1024, 256, 64,
  ]);
  expect([timeConstant(64), timeConstant(1024)]).toEqual([2, 6]);
});

test.each([
  [["a"], [{ timeServers: ["b"] }], { names: ["a"], from: "settings" }],
  [[], [{ timeServers: ["b"] }, { timeServers: ["b", "c"] }], { names: ["b", "c"], from: "DHCP" }],
  [[], [{ timeServers: [] }], { names: ["2.debian.pool.ntp.org"], from: "default" }],
])("with settings %j and DHCP %j the servers are %j", (settings, leases, servers) => {
  expect(planTimeServers(settings, leases)).toEqual(servers);
});
