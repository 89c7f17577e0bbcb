import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { runStages } from "./run-stages.ts";
import type { Stage } from "./stage.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A stage that takes so long, and notes when it starts and ends. */
function stage(name: string, needs: string[], tookMs: number, log: string[] = []): Stage {
  return {
    name,
    needs,
    deadlineMs: 1000,
    async run() {
      log.push(`${name} starts`);
      await new Promise((resolve) => setTimeout(resolve, tookMs));
      log.push(`${name} ends`);
      return { result: "ok", message: `after ${tookMs}` };
    },
  };
}

function failing(name: string, error: unknown): Stage {
  return { name, needs: [], deadlineMs: 1000, run: () => Promise.reject(error) };
}

function start(stages: Stage[], faults: string[] = []) {
  const records: StageRecord[] = [];
  const kernel = new FakeKernel();
  const from = Date.now();
  kernel.uptimeMs = () => Date.now() - from;
  const options = { ...defaultBootOptions, faults };
  const run = runStages({ stages, kernel, options, onRecord: (record) => records.push(record) });
  return { records, run, kernel };
}

describe("runStages", () => {
  test("starts stages side by side, and each when all that it needs have ended", async () => {
    const log: string[] = [];
    const { run, records } = start([
      stage("last", ["slow", "quick"], 1, log),
      stage("slow", [], 50, log),
      stage("quick", [], 10, log),
    ]);
    await vi.runAllTimersAsync();
    await run.finished;
    expect(log).toEqual([
      "slow starts",
      "quick starts",
      "quick ends",
      "slow ends",
      "last starts",
      "last ends",
    ]);
    expect(
      records.map(({ stage, startedMs, durationMs }) => [stage, startedMs, durationMs]),
    ).toEqual([
      ["quick", 0, 10],
      ["slow", 0, 50],
      ["last", 50, 1],
    ]);
  });

  test("runs what needs a failed stage all the same, and says in one line what failed", async () => {
    const { run, records } = start([
      failing("broken", new KernelError("mount", "/x", "EIO", { detail: "line one\nline two" })),
      stage("after", ["broken"], 1),
    ]);
    await vi.runAllTimersAsync();
    await run.finished;
    expect(records).toMatchObject([
      { stage: "broken", result: "failed", message: "mount /x: EIO (line one line two)" },
      { stage: "after", result: "ok" },
    ]);
  });

  test("survives a stage that throws something that is no error", async () => {
    const { run, records } = start([failing("odd", "just text")]);
    await run.finished;
    expect(records).toMatchObject([{ result: "failed", message: "just text" }]);
  });

  test("passes a late stage by at its deadline, and records it again when it has finished", async () => {
    const { run, records } = start([stage("late", [], 5000), stage("after", ["late"], 1)]);
    await vi.advanceTimersByTimeAsync(1002);
    await run.passed;
    expect(records).toMatchObject([
      {
        stage: "late",
        result: "failed",
        durationMs: 1000,
        message: "not finished after 1000 ms; the boot goes on without it",
      },
      { stage: "after", result: "ok", startedMs: 1000 },
    ]);
    await vi.runAllTimersAsync();
    await run.finished;
    expect(records.at(2)).toMatchObject({ stage: "late", result: "ok", durationMs: 5000 });
  });

  test("says of a late stage what it is at, and not any more when it has finished", async () => {
    const busy: Stage = {
      ...stage("late", [], 5000),
      run: async ({ notes }) => {
        notes.now = "check a disk";
        await new Promise((resolve) => setTimeout(resolve, 5000));
        return { result: "ok", message: "mounted" };
      },
    };
    const { run, records } = start([busy]);
    await vi.runAllTimersAsync();
    await run.finished;
    expect(records.map(({ message }) => message)).toEqual([
      "not finished after 1000 ms (now: check a disk); the boot goes on without it",
      "mounted",
    ]);
    expect(records[0]).not.toHaveProperty("now");
  });

  test("waits for a stage that it hopes for, but only as long as its patience lasts", async () => {
    const hopeful = (patienceMs: number): Stage => ({
      ...stage(`patience-${patienceMs}`, [], 1),
      hopes: { for: ["slow"], patienceMs },
    });
    const { run, records } = start([stage("slow", [], 100), hopeful(40), hopeful(500)]);
    await vi.runAllTimersAsync();
    await run.finished;
    const startedMs = Object.fromEntries(records.map((record) => [record.stage, record.startedMs]));
    expect(startedMs).toEqual({ slow: 0, "patience-40": 40, "patience-500": 100 });
  });

  test("keeps its patience while the machine works, for a minute or as long as the stage says", async () => {
    const { run, records, kernel } = start([
      { ...stage("slow", [], 50_000), deadlineMs: 90_000 },
      { ...stage("endless", [], 80_000), deadlineMs: 90_000 },
      { ...stage("console", [], 1), hopes: { for: ["slow"], patienceMs: 10_000 } },
      { ...stage("ready", [], 1), hopes: { for: ["endless"], patienceMs: 10_000 } },
      { ...stage("hooks", [], 1), hopes: { for: ["endless"], patienceMs: 10_000, mostMs: 20_000 } },
    ]);
    let ticks = 0;
    const work = setInterval(() => {
      ticks += 5;
      kernel.lay({ "/proc/stat": `cpu  ${ticks} 0 0 0 0 0 0 0\n` });
    }, 100);
    await vi.advanceTimersByTimeAsync(90_000);
    clearInterval(work);
    await run.finished;
    const startedMs = Object.fromEntries(records.map((record) => [record.stage, record.startedMs]));
    expect(startedMs).toEqual({
      slow: 0,
      endless: 0,
      console: 50_000,
      ready: 60_000,
      hooks: 20_000,
    });
  });

  test("doesn't pass a stage by while the machine works, until its hard end", async () => {
    const { run, records, kernel } = start([
      { ...stage("slow", [], 5_000), mostMs: 20_000 },
      { ...stage("endless", [], 50_000), mostMs: 20_000 },
    ]);
    let ticks = 0;
    const work = setInterval(() => {
      ticks += 5;
      kernel.lay({ "/proc/stat": `cpu  ${ticks} 0 0 0 0 0 0 0\n` });
    }, 100);
    await vi.advanceTimersByTimeAsync(60_000);
    clearInterval(work);
    await run.finished;
    expect(records.map(({ stage, durationMs, message }) => [stage, durationMs, message])).toEqual([
      ["slow", 5_000, "after 5000"],
      ["endless", 20_000, "not finished after 20000 ms; the boot goes on without it"],
      ["endless", 50_000, "after 50000"],
    ]);
  });

  test("lets a stage that must be settled come to its end, however late it is", async () => {
    const settled = { ...stage("keys", ["disk"], 1), settled: ["disk"] };
    const { run, records } = start([
      stage("disk", [], 50_000),
      settled,
      stage("other", ["disk"], 1),
    ]);
    await vi.advanceTimersByTimeAsync(60_000);
    await run.finished;
    expect(records.map(({ stage, startedMs }) => [stage, startedMs])).toEqual([
      ["disk", 0],
      ["other", 1_000],
      ["disk", 0],
      ["keys", 50_000],
    ]);
  });

  test("doesn't wait for it beyond its hard end", async () => {
    const settled = { ...stage("keys", ["disk"], 1), settled: ["disk"] };
    const { run, records } = start([{ ...stage("disk", [], 50_000), mostMs: 30_000 }, settled]);
    await vi.advanceTimersByTimeAsync(60_000);
    await run.finished;
    expect(records.find(({ stage }) => stage === "keys")?.startedMs).toBe(30_000);
  });

  test.each([
    ["also where it must be settled, since it is", true, 3_000],
    ["but not where it must be settled, since it isn't", false, 50_000],
  ])(
    "goes on without a stage that said after what time it may, %s",
    async (_, isSettled, keysMs) => {
      const seen: (boolean | undefined)[] = [];
      const disk: Stage = {
        ...stage("disk", [], 0),
        deadlineMs: 8_000,
        async run({ boot }) {
          boot?.goesOnAfter(3_000, isSettled);
          seen.push(boot?.hasGoneOn);
          await new Promise((resolve) => setTimeout(resolve, 50_000));
          seen.push(boot?.hasGoneOn);
          return { result: "ok", message: "at last" };
        },
      };
      const settled = { ...stage("keys", ["disk"], 1), settled: ["disk"] };
      const { run, records } = start([disk, settled, stage("other", ["disk"], 1)]);
      await vi.advanceTimersByTimeAsync(60_000);
      await run.finished;
      const startedMs = Object.fromEntries(
        records.map((record) => [record.stage, record.startedMs]),
      );
      expect(startedMs).toMatchObject({ other: 3_000, keys: keysMs });
      expect(seen).toEqual([false, true]);
      expect(records[0]?.message).toBe("not finished after 3000 ms; the boot goes on without it");
    },
  );

  test("makes a stage fail that the fault option names, without running it", async () => {
    const log: string[] = [];
    const { run, records } = start([stage("one", [], 1, log)], ["one"]);
    await run.finished;
    expect(log).toEqual([]);
    expect(records).toMatchObject([
      { result: "failed", message: "made to fail by boot2podman.fault" },
    ]);
  });

  test("keeps what a failing stage had noted, and does the least in the plain way", async () => {
    const { run, records } = start([
      {
        ...failing("half", undefined),
        async run({ notes }) {
          notes.observed = { seen: 1 };
          notes.done.push("first step");
          throw new Error("second step");
        },
        onFailure: async () => "did it by hand",
      },
    ]);
    await run.finished;
    expect(records).toMatchObject([
      {
        result: "failed",
        observed: { seen: 1 },
        done: ["first step"],
        message: "second step; did it by hand",
      },
    ]);
  });

  test("says so when the plain way failed too", async () => {
    const onFailure = () => Promise.reject(new Error("no hands"));
    const { run, records } = start([{ ...failing("worst", new Error("bad")), onFailure }]);
    await run.finished;
    expect(records[0]?.message).toBe("bad; and the backup method failed too: no hands");
  });

  test.each([
    ["a need that is no stage", [stage("a", ["b"], 1)], "stage a needs b, which is not a stage"],
    [
      "stages that need one another",
      [stage("a", ["b"], 1), stage("b", ["c"], 1), stage("c", ["a"], 1)],
      "stages need one another: a → b → c → a",
    ],
  ])("refuses %s", (_, stages, message) => {
    expect(() => start(stages)).toThrow(message);
  });
});
