import { describe, expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import type { Supervisor } from "../services/supervisor.ts";
import { openRunner, parseService } from "./services.ts";

describe("a service's file", () => {
  test("has a command, and what it doesn't say is plain", () => {
    expect(parseService("docker", { command: ["dockerd", "-D"] })).toEqual({
      name: "docker",
      command: ["dockerd", "-D"],
      restart: "always",
      needs: [],
      ready: undefined,
      environment: {},
    });
  });

  test.each([
    [undefined, "command: expected"],
    [{}, "command: expected"],
    [{ command: [] }, "command: expected"],
    [{ command: "dockerd" }, "command: expected"],
    [{ command: ["a\0b"] }, "command: expected"],
    [{ command: ["a"], restart: "sometimes" }, "restart: expected"],
    [{ command: ["a"], needs: "b" }, "needs: expected"],
    [{ command: ["a"], ready: "run/x" }, "ready: expected"],
    [{ command: ["a"], environment: { A: 1 } }, "environment: expected"],
    [{ command: ["a"], user: "x" }, "unknown key user"],
  ])("%j is refused", (document, message) => {
    expect(() => parseService("x", document)).toThrow(message);
  });
});

describe("services of extensions", () => {
  function system(files: Record<string, unknown>) {
    const kernel = new FakeKernel();
    for (const [name, document] of Object.entries(files)) {
      kernel.lay({
        [`/run/ext/usr/lib/boot2podman/services/${name}.toml`]: JSON.stringify(document),
      });
    }
    const told: string[] = [];
    const supervisor: Supervisor = {
      start({ name, argv }) {
        told.push(`start ${name}: ${argv.join(" ")}`);
        return 7;
      },
      pid: () => 7,
      async stop(name) {
        told.push(`stop ${name}`);
      },
    };
    return { kernel, told, runner: openRunner(kernel, supervisor, JSON.parse) };
  }
  const loaded = (root = "/run/ext") => [
    {
      name: "x",
      version: "1",
      kind: "raw" as const,
      path: "/x.raw",
      root,
      hasModules: false,
      needs: [],
      notes: [],
    },
  ];

  test("start once, what they need before them, and stop in the reverse order when the extension is gone", async () => {
    const { told, runner } = system({
      a: { command: ["a"], needs: ["b"] },
      b: { command: ["b", "-f"] },
    });
    expect(await runner.follow(loaded())).toEqual({ started: ["b", "a"], problems: [] });
    await runner.follow(loaded());
    await runner.follow([]);
    expect(told).toEqual(["start b: b -f", "start a: a", "stop a", "stop b"]);
  });

  test("are stopped and started when the extension was replaced", async () => {
    const { kernel, told, runner } = system({ a: { command: ["a"] } });
    kernel.lay({ "/run/new/usr/lib/boot2podman/services/a.toml": '{"command":["a","2"]}' });
    await runner.follow(loaded());
    await runner.follow(loaded("/run/new"));
    expect(told).toEqual(["start a: a", "stop a", "start a: a 2"]);
  });

  test("those of the image itself run beside them, and an extension's takes the place of one", async () => {
    const { told, runner } = system({ a: { command: ["a"] } });
    const service = (name: string, word: string) => parseService(name, { command: [word] });
    const ofImage = { services: [service("own", "o"), service("a", "image's")], problems: [] };
    await runner.follow([], ofImage);
    await runner.follow(loaded(), ofImage);
    await runner.follow([], ofImage);
    await runner.follow([]);
    expect(told).toEqual([
      ...["start own: o", "start a: image's", "stop a", "start a: a", "stop a"],
      ...["start a: image's", "stop a", "stop own"],
    ]);
  });

  test("that are wrong, in a loop or without what they need are named, and the others run", async () => {
    const { told, runner } = system({
      good: { command: ["g"] },
      wrong: { command: 1 },
      alone: { command: ["a"], needs: ["nobody"] },
      l1: { command: ["1"], needs: ["l2"] },
      l2: { command: ["2"], needs: ["l1"] },
    });
    const { started, problems } = await runner.follow(loaded());
    expect(started).toEqual(["good"]);
    expect(told).toEqual(["start good: g"]);
    expect(problems.join("\n")).toMatch(/service wrong of x: command: expected/);
    expect(problems.join("\n")).toMatch(/alone: it needs nobody, which is not there/);
    expect(problems.join("\n")).toMatch(/l1: it needs l1, in a loop/);
  });
});
