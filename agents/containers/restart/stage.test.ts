import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { RunResult } from "../../kernel/processes.ts";
import type { StageRecord } from "../../record/stages/stage-record.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { planStarts, resultOf } from "./plan-starts.ts";
import { autostartStage } from "./stage.ts";

const id = (letter: string) => letter.repeat(64);
const container = (letter: string, state = "exited") => ({ id: id(letter), name: letter, state });
const rootList = "/var/lib/containers/storage/overlay-containers/containers.json";
const userList = "/home/tc/.local/share/containers/storage/overlay-containers/containers.json";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Container {
  letter: string;
  policy: "always" | "unless-stopped";
  state?: string;
}

/** Boots a machine that has these containers of root's; `start` answers `podman start`. */
async function boot(
  containers: Container[],
  {
    stopped = [],
    start = (ids) => ({ stdout: `${ids.join("\n")}\n` }),
    options = {},
    users = false,
  }: {
    stopped?: string[];
    start?: (ids: string[]) => Partial<RunResult>;
    options?: Partial<typeof defaultBootOptions>;
    users?: boolean;
  } = {},
) {
  const kernel = new FakeKernel().lay({
    "/etc/passwd": "tc:x:1000:50:tc:/home/tc:/bin/sh\n",
    [rootList]: containers.length > 0 ? '[{"id":"x"}]' : "[]",
    "/var/lib/boot2podman/stopped-containers": stopped
      .map((letter) => `0 ${id(letter)}\n`)
      .join(""),
  });
  if (users) {
    kernel.lay({ [userList]: '[{"id":"x"}]' });
  }
  const calls: string[] = [];
  const podman = (argv: readonly string[]): Partial<RunResult> => {
    const words = argv.slice(argv.indexOf("podman") + 1);
    if (words[0] === "ps") {
      const shown = containers.filter(({ policy }) => words.includes(`restart-policy=${policy}`));
      return {
        stdout: shown
          .map(({ letter, state = "exited" }) => `${id(letter)} ${state} ${letter}\n`)
          .join(""),
      };
    }
    const ids = words.slice(1);
    calls.push(ids.map((one) => one[0]).join(""));
    return start(ids);
  };
  kernel.onRun("podman", podman).onRun("sh", podman);
  const written: StageRecord[] = [];
  const outcome = await autostartStage((record) => written.push(record)).run({
    kernel,
    options: { ...defaultBootOptions, ...options },
    notes: { observed: null, plan: null, done: [] },
  });
  await vi.advanceTimersByTimeAsync(200_000);
  return { kernel, calls, outcome, record: written.at(-1) };
}

describe("after a boot", () => {
  test("no process is started where there are no containers", async () => {
    const { kernel, outcome } = await boot([]);
    expect(outcome.result).toBe("skipped");
    expect(kernel.runs).toEqual([]);
  });

  test("nothing is started when it is switched off", async () => {
    const { kernel, outcome } = await boot([{ letter: "a", policy: "always" }], {
      options: { autostart: false },
    });
    expect(outcome).toEqual({ result: "skipped", message: "switched off" });
    expect(kernel.runs).toEqual([]);
  });

  test("what has a policy is started, in one go and in its order, but for what was stopped and is to stay so", async () => {
    const { calls, record } = await boot(
      [
        { letter: "c", policy: "always" },
        { letter: "a", policy: "unless-stopped" },
        { letter: "b", policy: "unless-stopped" },
        { letter: "d", policy: "always" },
        { letter: "e", policy: "always", state: "running" },
        { letter: "f", policy: "always", state: "created" },
      ],
      { stopped: ["b", "d"] },
    );
    expect(calls).toEqual(["cadf"]);
    expect(record).toMatchObject({ result: "ok", message: "started c, a, d, f" });
  });

  test("the user's come back as the user's", async () => {
    const { record, kernel } = await boot([{ letter: "a", policy: "always" }], { users: true });
    expect(record?.message).toBe("started a, a of tc");
    expect(kernel.runs.some(({ argv }) => argv.join(" ").includes('su -s /bin/sh "$user"'))).toBe(
      true,
    );
  });

  test("what fails is tried twice more, and what stays so is said with its reason", async () => {
    let tries = 0;
    const start = (ids: string[]) => {
      tries += 1;
      const failing = tries < 2 ? [id("a"), id("b")] : [id("b")];
      return {
        exitCode: 125,
        stdout: ids.filter((one) => !failing.includes(one)).join("\n"),
        stderr: ids
          .filter((one) => failing.includes(one))
          .map((one) => `Error: unable to start container "${one}": no such \u001b[1mnetwork\n`)
          .join(""),
      };
    };
    const { calls, record } = await boot(
      ["a", "b", "c"].map((letter) => ({ letter, policy: "always" as const })),
      { start },
    );
    expect(calls).toEqual(["abc", "ab", "b"]);
    expect(record).toMatchObject({
      result: "failed",
      message: "started c, a; could not start b (no such ?[1mnetwork)",
      done: ["start c", "start a"],
    });
  });

  test("a Podman that can't even list is said", async () => {
    const { record } = await boot([{ letter: "a", policy: "always" }], {
      start: () => {
        throw new Error("no memory");
      },
    });
    expect(record).toMatchObject({ result: "failed", message: "could not start a (no memory)" });
  });
});

test.each([
  [["exited", "created", "running", "paused", "stopped"], [], ["exited", "created", "stopped"]],
  [["exited", "created"], ["exited"], ["created"]],
])("of %j, with %j staying stopped, %j are started", (states, stays, expected) => {
  const found = states.map((state, index) => container(String(index), state));
  const stayIds = found.filter(({ state }) => stays.some((one) => one === state));
  const planned = planStarts(found, new Set(stayIds.map((one) => one.id)));
  expect(planned.map(({ state }) => state)).toEqual(expected);
});

test("a start that says nothing has its status as the reason", () => {
  const [a] = [container("a")];
  const result = resultOf([a], { exitCode: 137, stdout: "", stderr: "" });
  expect(result.failed).toEqual([{ container: a, why: "podman start ended with 137" }]);
});
