import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "./fake-kernel.testing.ts";
import { hasMoved, readProgress } from "./progress.ts";
import { type Limit, type Over, orStuck, overText, startLimit } from "./quiet.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** /proc of a machine whose processors have worked and whose disk has ended requests so far. */
function counters(cpuTicks: number, requests = 0): Record<string, string> {
  return {
    "/proc/stat": `cpu  ${cpuTicks} 0 0 999999 555 0 0 0 0 0\ncpu0 ${cpuTicks} 0 0 0 0 0 0 0 0 0\n`,
    "/proc/diskstats": ` 253 0 vda ${requests} 0 8 1 0 0 0 0 1 9 9 0 0 0 0 0 0\n 253 1 vda1 0 0 0\n`,
  };
}

/** Runs a limit against a machine that moves as `work` says at each second; gives when and how it was over. */
async function overAfter(
  limit: Limit,
  work: (second: number) => Record<string, string>,
  seconds: number,
): Promise<{ second: number; over: Over } | undefined> {
  const kernel = new FakeKernel().lay(work(0));
  let found: { second: number; over: Over } | undefined;
  let second = 0;
  startLimit(kernel, limit, (over) => {
    found = { second, over };
  });
  while (second < seconds && found === undefined) {
    second += 1;
    kernel.lay(work(second));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  return found;
}

const quiet = { quietMs: 8_000, mostMs: 100_000 };

describe("a limit of quiet time", () => {
  test.each([
    ["nothing moves", () => counters(7), { second: 8, over: "quiet" }],
    ["/proc says nothing", () => ({}), { second: 8, over: "quiet" }],
    [
      "only the machine's own timers run",
      (s: number) => counters(s * 9),
      { second: 8, over: "quiet" },
    ],
    ["something computes, slowly", (s: number) => counters(s * 11), { second: 100, over: "most" }],
    [
      "a disk ends a request now and then",
      (s: number) => counters(0, Math.floor(s / 5)),
      { second: 100, over: "most" },
    ],
    ["work ends", (s: number) => counters(Math.min(s, 20) * 50), { second: 28, over: "quiet" }],
  ])("when %s is over as it should be", async (_, work, expected) => {
    expect(await overAfter(quiet, work, 200)).toEqual(expected);
  });

  test("isn't over when the whole machine stood still: its timers are, but no time was its own", async () => {
    const kernel = new FakeKernel().lay(counters(0));
    const over: Over[] = [];
    startLimit(kernel, quiet, (how) => over.push(how));
    await vi.advanceTimersByTimeAsync(3_000);
    const now = performance.now.bind(performance);
    const hours = vi.spyOn(performance, "now").mockImplementation(() => now() + 7_200_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(over).toEqual([]);
    hours.mockRestore();
  });

  test("can be stopped, and leaves no timer behind", async () => {
    const limit = startLimit(new FakeKernel(), quiet, () => expect.unreachable());
    await vi.advanceTimersByTimeAsync(5_000);
    limit.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("a limit of the clock is over then, whatever moves: who waits for others can't know their pace", async () => {
  expect(await overAfter(5_000, (s) => counters(s * 100), 10)).toEqual({ second: 5, over: "most" });
});

test("what is waited for comes first, or what is for the case that the limit is reached", async () => {
  const kernel = new FakeKernel();
  const never = new Promise<string>(() => undefined);
  expect(await orStuck(kernel, Promise.resolve("result"), quiet, () => "late")).toBe("result");
  const late = orStuck(kernel, never, quiet, (over) => over);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(await late).toBe("quiet");
  expect(vi.getTimerCount()).toBe(0);
});

test("says how long it was, and how much of it without progress", () => {
  expect(overText("quiet", quiet, 8_000)).toBe("not finished after 8000 ms");
  expect(overText("quiet", quiet, 60_000.4)).toBe(
    "not finished after 60000 ms, the last 8000 of them without any progress",
  );
  expect(overText("most", quiet, 100_000)).toBe("not finished after 100000 ms");
});

describe("progress", () => {
  const read = (stat: string, disks: string) =>
    readProgress(new FakeKernel().lay({ "/proc/stat": stat, "/proc/diskstats": disks }));

  test("is what processors did or would have done, without idling, and what disks have ended", () => {
    const stat = "cpu  1 20 300 4000 50000 6 70 800 0 0\nctxt 5\n";
    const disks =
      " 8 0 sda 1 0 0 0 20 0 0 0 9 0 0 300 0 0 0 4000 0\n 8 1 sda1 5 0 0 0 0 0 0 0 9 0 0\n";
    expect(read(stat, disks)).toEqual({ cpuTicks: 1197, requests: 4326 });
  });

  test("is none when counters are missing or odd", () => {
    expect(read("", "")).toEqual({ cpuTicks: 0, requests: 0 });
    expect(read("cpu x y", "a b")).toEqual({ cpuTicks: 0, requests: 0 });
    const nothing = { cpuTicks: 0, requests: 0 };
    expect(hasMoved(nothing, nothing, 0)).toBe(false);
  });
});
