import { describe, expect, test } from "vitest";
import { type CheckDefinition, inspectWords, parseDefinition } from "./definition.ts";
import { afterCheck, type CheckOutcome, startOfChecks } from "./next-check.ts";

const id = "a".repeat(64);
const plain: CheckDefinition = {
  id,
  name: "web",
  isRunning: true,
  intervalMs: 5_000,
  timeoutMs: 30_000,
  startup: undefined,
};
const withStartup: CheckDefinition = {
  ...plain,
  startup: { intervalMs: 1_000, timeoutMs: 3_000, successes: 2 },
};

/** The pauses after checks that end so, each after so long. */
function pauses(
  definition: CheckDefinition,
  outcomes: readonly CheckOutcome[],
  tookMs = 100,
  n = 1,
) {
  let progress = startOfChecks(definition);
  return outcomes.map((outcome) => {
    const next = afterCheck(definition, progress, outcome, tookMs, n);
    progress = next.progress;
    return next.pauseMs;
  });
}

describe("the next check comes", () => {
  test.each<[string, CheckDefinition, CheckOutcome[], number, (number | undefined)[]]>([
    ["after the interval, whatever was found", plain, ["passed", "failed"], 100, [5000, 5000]],
    ["after as long as the last one took, when that is more", plain, ["passed"], 8000, [8000]],
    [
      "later and later while Podman itself fails, and as before when it works again",
      { ...plain, intervalMs: 1000 },
      ["troubled", "troubled", "troubled", "troubled", "passed"],
      100,
      [1000, 2000, 4000, 8000, 1000],
    ],
    [
      "at most a minute later",
      plain,
      new Array<CheckOutcome>(9).fill("troubled"),
      100,
      [5000, 5000, 5000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000],
    ],
    ["never, when it is switched off", { ...plain, intervalMs: 0 }, ["passed"], 100, [undefined]],
    [
      "at the startup check's interval, and at once when that has passed often enough",
      withStartup,
      ["failed", "passed", "failed", "passed", "failed", "passed"],
      100,
      [1000, 1000, 1000, 0, 5000, 5000],
    ],
    [
      "after one success, where no number is given",
      { ...withStartup, startup: { intervalMs: 1000, timeoutMs: 3000, successes: 0 } },
      ["failed", "passed", "passed"],
      100,
      [1000, 0, 5000],
    ],
    [
      "never, where only the startup check was to be made",
      { ...withStartup, intervalMs: 0, startup: { intervalMs: 1000, timeoutMs: 0, successes: 1 } },
      ["failed", "passed"],
      100,
      [1000, undefined],
    ],
  ])("%s", (_, definition, outcomes, tookMs, expected) => {
    expect(pauses(definition, outcomes, tookMs)).toEqual(expected);
  });
});

test.each([
  // Half of the time for all checks together, but never more than a minute for that.
  [100, 50, 9_900],
  [8_000, 2, 24_000],
  [8_000, 20, 60_000],
  [90_000, 20, 90_000],
  [10, 20, 5_000],
])(
  "after one of %i ms, of %i containers, the next check comes %i ms later",
  (took, n, expected) => {
    expect(pauses(plain, ["passed"], took, n)).toEqual([expected]);
  },
);

describe("what Podman tells of a check", () => {
  test("is asked for with nothing of the container's in the command", () => {
    expect(inspectWords(id).at(-1)).toBe(id);
  });

  test.each([
    [
      `${id} running 2000000000 30000000000 - - - web\n`,
      { ...plain, intervalMs: 2000, startup: undefined },
    ],
    [
      `${id} running 5000000000 30000000000 1000000000 3000000000 2 web\n`,
      { ...withStartup, startup: { intervalMs: 1000, timeoutMs: 3000, successes: 2 } },
    ],
    [`${id} exited 5000000000 30000000000 - - - web`, { ...plain, isRunning: false }],
    [`${id} running - - - - - web`, undefined],
    ["", undefined],
    ["Error: no such container", undefined],
  ])("%j", (text, expected) => {
    expect(parseDefinition(text)).toEqual(expected);
  });
});
