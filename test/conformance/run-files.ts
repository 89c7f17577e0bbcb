import type { Result } from "../vm/harness/run.ts";
import type { Role } from "./laboratory/laboratory.ts";
import type { Expected } from "./verdict/expected.ts";
import { readTap, type TestResult } from "./verdict/tap.ts";
import { judge, type Verdict, withSecondRun } from "./verdict/verdict.ts";

/** What a role's files came to. */
export interface FilesRun {
  tests: TestResult[];
  /** Files that didn't get to their end: "030-run.bats: why". */
  broken: string[];
}

/** Where tests run. */
export interface Place {
  /** Whether containers can be limited there: some hosts keep their controllers in hierarchies of cgroup v1. */
  hasControllers: boolean;
  /** Runs one of Podman's test files; gives what it printed, as TAP. */
  runTests(role: Role, file: string): Promise<Result>;
}

/** Runs test files one after the other, each on an empty data disk, and tells how far it is. */
export async function runFiles(
  place: Place,
  role: Role,
  files: readonly string[],
  tell: { say(line: string): void; keep(file: string, text: string): void },
): Promise<FilesRun> {
  const tests: TestResult[] = [];
  const broken: string[] = [];
  for (const file of files) {
    const started = Date.now();
    const { stdout, stderr } = await place.runTests(role, file);
    tell.keep(file, `${stdout}${stderr}`);
    const result = readTap(file, stdout);
    tests.push(...result.tests);
    const count = (outcome: TestResult["outcome"]) =>
      result.tests.filter((one) => one.outcome === outcome).length;
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    tell.say(
      `${role}: ${file}: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped, ${seconds} s`,
    );
    if (result.broken !== undefined) {
      broken.push(`${file}: ${result.broken}`);
      tell.say(`${role}: ${file} BROKEN: ${result.broken}: ${stderr.trim().split("\n").at(-1)}`);
    }
  }
  return { tests, broken };
}

/**
 * Runs the files of a role and compares the results with the list; files with unlisted failures run a second time, and
 * what passes then has passed.
 */
export async function runAndJudge(
  place: Place,
  role: Role,
  files: readonly string[],
  expected: Expected,
  tell: Parameters<typeof runFiles>[3],
): Promise<{ verdict: Verdict; broken: string[] }> {
  const { tests, broken } = await runFiles(place, role, files, tell);
  const { news } = judge(role, tests, expected, place);
  const failed = news.filter(({ outcome }) => outcome === "failed");
  const again = [...new Set(failed.map(({ file }) => file))];
  const second = await runFiles(place, role, again, { ...tell, keep: () => undefined });
  const settled = withSecondRun(tests, news, second.tests);
  return { verdict: judge(role, settled, expected, place), broken };
}
