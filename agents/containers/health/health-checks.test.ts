import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { RunResult } from "../../kernel/processes.ts";
import { readContainerHealth } from "../../record/container-health.ts";
import { keepHealthChecks } from "./health-checks.ts";

const root = { name: "root", uid: 0, gid: 0, home: "/root" };
const tc = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };
const id = (letter: string) => letter.repeat(64);
const logOf = (letter: string) =>
  `/run/containers/storage/overlay-containers/${id(letter)}/healthcheck.log`;
const log = (status: string, streak: number) =>
  `{"Status":"${status}","FailingStreak":${streak},"Log":null}`;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A machine whose containers a, b, … have a check each 5 s, unless said otherwise. */
function machine(letters: string[], answers: Partial<RunResult>[] = [], times = "- - -") {
  const kernel = new FakeKernel().lay({ "/run/boot2podman": null, "/proc": null });
  for (const letter of letters) {
    kernel.lay({ [logOf(letter)]: log("starting", 0) });
  }
  const checks: string[] = [];
  const answer = (argv: readonly string[]): Partial<RunResult> => {
    const words = argv.slice(argv.indexOf("podman") + 1);
    const asked = words.at(-1) ?? "";
    if (words[0] === "container") {
      return { stdout: `${asked} running 5000000000 3000000000 ${times} ${asked.slice(0, 3)}\n` };
    }
    checks.push(`${Math.round(kernel.clockMs / 1000)} ${asked[0]}`);
    return answers.shift() ?? {};
  };
  kernel.onRun("podman", answer).onRun("sh", answer);
  const health = keepHealthChecks(kernel);
  const tell = (status: string, letter: string, owner = root) =>
    health.take(owner, [{ id: id(letter), name: letter, status }]);
  const pass = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(0);
    for (let left = ms; left > 0; left -= 1000) {
      kernel.clockMs += Math.min(left, 1000);
      await vi.advanceTimersByTimeAsync(Math.min(left, 1000));
    }
  };
  kernel.clockMs = 0;
  return { kernel, health, checks, tell, pass };
}

describe("health checks", () => {
  test("start no process for containers that have none", async () => {
    const { kernel, tell, pass } = machine([]);
    tell("start", "a");
    tell("start", "b", tc);
    await pass(60_000);
    expect(kernel.runs).toEqual([]);
  });

  test("run when the container starts and then after each interval, until it ends", async () => {
    const { checks, tell, pass, kernel } = machine(["a"]);
    tell("start", "a");
    await pass(11_000);
    expect(checks).toHaveLength(3);
    expect(kernel.runs.at(-1)?.argv).toEqual(["podman", "healthcheck", "run", id("a")]);
    expect(readContainerHealth(kernel)).toMatchObject([{ name: "aaa", health: "starting" }]);
    tell("died", "a");
    await pass(30_000);
    expect(checks).toHaveLength(3);
    expect(readContainerHealth(kernel)).toEqual([]);
  });

  test("begin anew when the container is started again, and run once at a time", async () => {
    const { checks, tell, pass } = machine(["a"]);
    tell("start", "a");
    await pass(3_000);
    tell("died", "a");
    tell("start", "a");
    await pass(4_000);
    expect(checks).toEqual(["0 a", "3 a"]);
  });

  test("show what Podman counted", async () => {
    const { kernel, tell, pass } = machine(["a"], [{ exitCode: 1 }]);
    tell("start", "a");
    kernel.lay({ [logOf("a")]: log("unhealthy", 3) });
    await pass(1_000);
    expect(readContainerHealth(kernel)).toEqual([
      { owner: "root", name: "aaa", id: id("a"), health: "unhealthy", failingStreak: 3 },
    ]);
  });

  test("take the startup check's interval until that has passed", async () => {
    const failed = { exitCode: 1 };
    const { checks, tell, pass } = machine(["a"], [failed, failed, {}], "1000000000 2000000000 1");
    tell("start", "a");
    await pass(9_000);
    // At once is at the next step of this clock.
    expect(checks).toEqual(["0 a", "1 a", "2 a", "3 a", "8 a"]);
  });

  test("wait longer when Podman can't check, and say why", async () => {
    const busy = { exitCode: 125, stderr: "Error: database is locked\u001b[2J\n" };
    const { kernel, checks, tell, pass } = machine(["a"], new Array<typeof busy>(5).fill(busy));
    tell("start", "a");
    await pass(2_000);
    expect(readContainerHealth(kernel)).toMatchObject([
      { trouble: "Error: database is locked?[2J" },
    ]);
    await pass(40_000);
    expect(checks).toEqual(["0 a", "5 a", "10 a", "15 a", "23 a", "39 a"]);
    expect(readContainerHealth(kernel)[0]).not.toHaveProperty("trouble");
  });

  test("take a check that took too long as failed, not as Podman's trouble", async () => {
    const late = { exitCode: 125, stderr: "Error: healthcheck command exceeded timeout of 3s" };
    const { kernel, tell, pass } = machine(["a"], [late]);
    tell("start", "a");
    await pass(1_000);
    expect(readContainerHealth(kernel)[0]).not.toHaveProperty("trouble");
  });

  test("go on when Podman can't even be started", async () => {
    const { kernel, checks, tell, pass } = machine(["a"]);
    kernel.failOn("run", "podman", "ENOMEM", 2);
    tell("start", "a");
    await pass(10_000);
    expect(checks.length).toBeGreaterThan(0);
  });

  test("are those of two containers at a time", async () => {
    const { kernel, health, pass } = machine(["a", "b", "c"]);
    let atOnce = 0;
    let most = 0;
    const run = kernel.run.bind(kernel);
    kernel.run = async (argv, options) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 500));
      atOnce -= 1;
      return await run(argv, options);
    };
    health.take(
      root,
      ["a", "b", "c"].map((letter) => ({ id: id(letter), name: letter, status: "start" })),
    );
    await pass(20_000);
    expect(most).toBe(2);
    expect(readContainerHealth(kernel)).toHaveLength(3);
  });

  test("of the user are run by the user, and no link of his is followed", async () => {
    const { kernel, checks, tell, pass } = machine([]);
    const own = "/run/user/1000/containers/overlay-containers";
    kernel.lay({
      [`${own}/${id("c")}/healthcheck.log`]: log("starting", 0),
      "/etc/x": log("x", 1),
    });
    kernel.lay({ [`${own}/${id("d")}`]: null });
    kernel.symlink("/etc/x", `${own}/${id("d")}/healthcheck.log`);
    tell("start", "c", tc);
    tell("start", "d", tc);
    await pass(3_000);
    expect(checks).toEqual(["0 c"]);
    expect(kernel.runs.at(-1)?.argv.slice(-5)).toEqual([
      "tc",
      "podman",
      "healthcheck",
      "run",
      id("c"),
    ]);
    expect(kernel.runs.at(-1)?.argv[2]).toContain('exec su -s /bin/sh "$user"');
  });

  test("that hang are ended when their timeout is over, with all that they started", async () => {
    const { kernel, tell, pass } = machine(["a"]);
    const run = kernel.run.bind(kernel);
    kernel.run = (argv, options = {}) => {
      if (!argv.includes("healthcheck")) {
        return run(argv, options);
      }
      const [name, value] =
        Object.entries(options.env ?? {}).find(([key]) => key.startsWith("LC_")) ?? [];
      const stat = (comm: string, parent: number, ticks: number) =>
        `1 (${comm}) S ${parent}${" 0".repeat(17)} ${ticks} 0\n`;
      kernel.lay({
        "/proc/40/stat": stat("conmon", 1, 50),
        "/proc/40/environ": `A=b\0LC_BOOT2PODMAN_CHECK=other\0`,
        "/proc/41/stat": stat("sh) x", 40, 50),
        // It begins 2 s after Podman was called.
        "/proc/50/stat": stat("conmon", 1, 300),
        "/proc/50/environ": `A=b\0${name}=${value}\0`,
        "/proc/51/stat": stat("sh", 50, 300),
        "/proc/52/stat": stat("sleep", 51, 300),
      });
      return new Promise(() => undefined);
    };
    tell("start", "a");
    await pass(5_000);
    expect(kernel.signals).toEqual([]);
    await pass(3_000);
    expect(kernel.signals.slice(0, 2)).toEqual([
      { pid: 51, signal: "SIGKILL" },
      { pid: 52, signal: "SIGKILL" },
    ]);
    expect(kernel.signals.map(({ pid }) => pid)).not.toContain(41);
  });
});
