import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Expected } from "./expected.ts";
import { readExpected } from "./expected.ts";
import type { TestResult } from "./tap.ts";
import { applicable, judge, tableOf, withSecondRun } from "./verdict.ts";

const expected: Expected = {
  skips: [{ says: "^only on a Monday", reason: "it isn't" }],
  fails: [
    {
      file: "a.bats",
      test: "old words",
      as: ["root"],
      because: "tests",
      reason: "r",
      sometimes: false,
    },
    {
      file: "a.bats",
      test: "limits",
      as: ["root", "user"],
      because: "laboratory",
      reason: "r",
      sometimes: false,
      without: "controllers",
    },
    {
      file: "a.bats",
      test: "flaky",
      as: ["root"],
      because: "fault",
      reason: "r",
      sometimes: true,
    },
  ],
};

function result(name: string, outcome: TestResult["outcome"], says?: string): TestResult {
  return { file: "a.bats", name, outcome, details: "", ...(says === undefined ? {} : { says }) };
}

const here = { hasControllers: false };
const names = (results: readonly TestResult[]) => results.map(({ name }) => name);

describe("what happened is compared with what is listed", () => {
  test("what is listed and fails is no news, and no test that can apply unless it is a fault of ours", () => {
    const results = [
      result("old words", "failed"),
      result("limits", "failed"),
      result("flaky", "failed"),
      result("plain", "passed"),
    ];
    const verdict = judge("root", results, expected, here);
    expect(verdict.news).toEqual([]);
    expect(verdict.expected).toEqual({ tests: 1, laboratory: 1, decided: 0, fault: 1 });
    expect(applicable(verdict)).toBe(2);
  });

  test("what isn't listed for this role, or not for this host, is news", () => {
    const results = [result("old words", "failed"), result("limits", "failed")];
    expect(names(judge("user", results, expected, here).news)).toEqual(["old words"]);
    expect(names(judge("root", results, expected, { hasControllers: true }).news)).toEqual([
      "limits",
    ]);
  });

  test("a listed test that passes is told, unless it does so now and then", () => {
    const results = [result("old words", "passed"), result("flaky", "passed")];
    expect(names(judge("root", results, expected, here).passAgain)).toEqual(["old words"]);
  });

  test("a skip with words that aren't listed is news", () => {
    const results = [
      result("a", "skipped", "only on a Monday"),
      result("b", "skipped", "something new"),
      result("c", "skipped"),
    ];
    const verdict = judge("root", results, expected, here);
    expect(verdict.skipped).toBe(1);
    expect(names(verdict.news)).toEqual(["b", "c"]);
  });

  test("what was news passes when it passes the second time, and what is listed stays as it was", () => {
    const results = [
      result("raced", "failed"),
      result("broken", "failed"),
      result("old words", "failed"),
      result("odd", "skipped", "something new"),
    ];
    const { news } = judge("root", results, expected, here);
    const second = [
      result("raced", "passed"),
      result("broken", "failed"),
      result("old words", "passed"),
      result("odd", "passed"),
    ];
    expect(withSecondRun(results, news, second).map(({ outcome }) => outcome)).toEqual([
      "passed",
      "failed",
      "failed",
      "skipped",
    ]);
  });

  test("the table has a row for each role", () => {
    const verdict = judge("root", [result("plain", "passed")], expected, here);
    const [head, row] = tableOf([verdict]).split("\n");
    expect(head).toContain("can't apply");
    expect(row?.split(/\s{2,}/)).toEqual(["root", "1", "0", "0", "1", "1", "100.0 %", "0", "0"]);
  });
});

describe("the lists in the repository", () => {
  const folder = path.resolve(import.meta.dirname, "../expected");
  const versions = readdirSync(folder).map((name) => path.basename(name, ".toml"));

  test.each(versions)(
    "%s: each is read, names a test once for a role, and its patterns are right",
    (version) => {
      const { fails, skips } = readExpected(version);
      const keys = fails.flatMap((one) => one.as.map((role) => `${role} ${one.file} ${one.test}`));
      expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
      for (const { says } of skips) {
        expect(() => new RegExp(says)).not.toThrow();
      }
      expect(fails.length + skips.length).toBeGreaterThan(0);
    },
  );

  test("tests of a Podman without a list may not fail at all", () => {
    expect(readExpected("0.0.0")).toEqual({ skips: [], fails: [] });
  });
});
