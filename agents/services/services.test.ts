import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import type { Child } from "../kernel/processes.ts";
import { backOff } from "./back-off.ts";
import { readServiceStates } from "./service-state.ts";
import { openSupervisor } from "./supervisor.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([
  [0, 100, 1, 1900],
  [1, 100, 2, 3900],
  [2, 9000, 3, 0],
  [9, 0, 10, 60_000],
  [9, 60_000, 0, 0],
])(
  "after %i failures and a life of %i ms it is %i failures and a pause of %i ms",
  (before, livedMs, failures, pauseMs) => {
    expect(backOff(before, livedMs)).toEqual({ failures, pauseMs });
  },
);

/** A kernel whose clock goes with the fake timers, and whose programs end when the test says so. */
function system() {
  const kernel = new FakeKernel();
  kernel.uptimeMs = () => Date.now() - startedAt;
  const startedAt = Date.now() - 1000;
  const ends: ((status: number) => void)[] = [];
  const killed: string[] = [];
  kernel.spawn = (argv): Child => {
    const pid = 100 + ends.length;
    kernel.lay({ [`/proc/${pid}/cmdline`]: argv.join("\0") });
    const exited = new Promise<number>((resolve) => {
      ends.push((status) => {
        kernel.unlink(`/proc/${pid}/cmdline`);
        kernel.rmdir(`/proc/${pid}`);
        resolve(status);
      });
    });
    return { pid, exited, kill: (signal) => killed.push(`${pid} ${signal}`) };
  };
  return { kernel, ends, killed };
}

const service = { name: "tool", argv: ["tool", "-f"] };

test("a service that ends is started again, later each time, and one that keeps ending is said on the console", async () => {
  const { kernel, ends } = system();
  expect(openSupervisor(kernel).start(service)).toBe(100);
  const startedMs: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    ends.at(-1)?.(7);
    await vi.advanceTimersByTimeAsync(0);
    const before = kernel.uptimeMs();
    while (ends.length === round + 1) {
      await vi.advanceTimersByTimeAsync(1000);
    }
    startedMs.push(kernel.uptimeMs() - before);
  }
  expect(startedMs).toEqual([2000, 4000, 8000, 16_000]);
  expect(readServiceStates(kernel)).toMatchObject([
    { name: "tool", pid: 104, failures: 4, isRunning: true },
  ]);
  expect(kernel.consoleLines).toEqual([
    "tool keeps ending: tool ended with 7; started again in 8 s",
  ]);
});

test("a service that can't be started is tried again like one that ends", async () => {
  const { kernel } = system();
  const { spawn } = kernel;
  let tries = 0;
  kernel.spawn = (argv) => {
    tries += 1;
    if (tries < 3) {
      throw new Error("no such program");
    }
    return spawn(argv);
  };
  openSupervisor(kernel).start(service);
  expect(kernel.kernelLog).toEqual([
    "tool can't be started: no such program; started again in 2 s",
  ]);
  await vi.advanceTimersByTimeAsync(6000);
  expect(tries).toBe(3);
});

test("a stopped service stays so, and may be started again", async () => {
  const { kernel, ends, killed } = system();
  const supervisor = openSupervisor(kernel);
  supervisor.start(service);
  supervisor.stop("tool");
  expect(killed).toEqual(["100 SIGTERM"]);
  ends[0]?.(143);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(ends).toHaveLength(1);
  expect(supervisor.start(service)).toBe(101);
});

test("a service that runs already, be it an earlier agent's, isn't started twice", () => {
  const { kernel, ends } = system();
  openSupervisor(kernel).start(service);
  expect(openSupervisor(kernel).start(service)).toBeUndefined();
  expect(ends).toHaveLength(1);
});
