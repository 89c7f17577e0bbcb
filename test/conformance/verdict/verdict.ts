import type { Role } from "../laboratory/laboratory.ts";
import type { Expected, ExpectedFailure } from "./expected.ts";
import type { TestResult } from "./tap.ts";

/** What the results of a role come to. */
export interface Verdict {
  role: Role;
  total: number;
  passed: number;
  /** Skipped themselves, for a reason that is listed. */
  skipped: number;
  /** Failed as listed, by the list's word for why. */
  expected: Record<ExpectedFailure["because"], number>;
  /** Failed or skipped, and not listed. */
  news: TestResult[];
  /** Listed, and passed. */
  passAgain: TestResult[];
}

/** Compares what happened with what is listed. Pure. */
export function judge(
  role: Role,
  results: readonly TestResult[],
  { skips, fails }: Expected,
  host: { hasControllers: boolean },
): Verdict {
  const verdict: Verdict = {
    role,
    total: results.length,
    passed: 0,
    skipped: 0,
    expected: { tests: 0, laboratory: 0, decided: 0, fault: 0 },
    news: [],
    passAgain: [],
  };
  for (const result of results) {
    const known = fails.find(
      (one) =>
        one.file === result.file &&
        one.test === result.name &&
        one.as.includes(role) &&
        !(one.without === "controllers" && host.hasControllers),
    );
    if (result.outcome === "passed") {
      verdict.passed += 1;
      if (known !== undefined && !known.sometimes) {
        verdict.passAgain.push(result);
      }
    } else if (result.outcome === "skipped") {
      if (skips.some(({ says }) => new RegExp(says).test(result.says ?? ""))) {
        verdict.skipped += 1;
      } else {
        verdict.news.push(result);
      }
    } else if (known === undefined) {
      verdict.news.push(result);
    } else {
      verdict.expected[known.because] += 1;
    }
  }
  return verdict;
}

/**
 * The results after a second run of what was news: what passes then has passed, since a busy machine makes Podman lose
 * a race now and then. Pure.
 */
export function withSecondRun(
  results: readonly TestResult[],
  news: readonly TestResult[],
  second: readonly TestResult[],
): TestResult[] {
  return results.map((result) => {
    const again = second.find(({ file, name }) => file === result.file && name === result.name);
    return news.includes(result) && result.outcome === "failed" && again?.outcome === "passed"
      ? { ...result, outcome: "passed" }
      : result;
  });
}

/** How many tests can apply: without those that skip themselves, are wrong, or need what can't be here. */
export function applicable({ total, skipped, expected }: Verdict): number {
  return total - skipped - expected.tests - expected.laboratory - expected.decided;
}

/** The table of all roles, for people. */
export function tableOf(verdicts: readonly Verdict[]): string {
  const head = [
    "",
    "tests",
    "skip themselves",
    "can't apply",
    "apply",
    "pass",
    "",
    "fail, known",
    "new",
  ];
  const rows = verdicts.map((one) => {
    const apply = applicable(one);
    const cannot = one.expected.tests + one.expected.laboratory + one.expected.decided;
    const percent = apply === 0 ? "" : `${((100 * one.passed) / apply).toFixed(1)} %`;
    const counts = [one.total, one.skipped, cannot, apply, one.passed];
    return [
      one.role,
      ...counts.map(String),
      percent,
      String(one.expected.fault),
      String(one.news.length),
    ];
  });
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
}
