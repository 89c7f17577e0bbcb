/** What became of one of Podman's tests. */
export interface TestResult {
  /** Like "030-run.bats". */
  file: string;
  name: string;
  outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped, in its own words. */
  says?: string;
  /** What was printed about a failure. */
  details: string;
}

/** What a file of tests came to. */
export interface FileResult {
  tests: TestResult[];
  /** Why the file didn't get to its end, if it didn't. */
  broken?: string;
}

/** A test's line, as bats prints it: the number, the name, its time with --timing, what it says when it is skipped. */
const testLine = /^(ok|not ok) \d+ (.*?)(?: in \d+ms)?(?: # skip ?(.*))?$/;

/** Reads what bats prints with --tap (testanything.org, version 12; a plan, then a line for each test). */
export function readTap(file: string, text: string): FileResult {
  const tests: TestResult[] = [];
  let planned: number | undefined;
  for (const line of text.split("\n")) {
    const [, plan] = /^1\.\.(\d+)/.exec(line) ?? [];
    if (plan !== undefined) {
      planned = Number(plan);
      continue;
    }
    const [, ok, name, says] = testLine.exec(line) ?? [];
    const last = tests.at(-1);
    if (name !== undefined) {
      // A whole file that is skipped has "# skip" at the name's place.
      const outcome = ok === "not ok" ? "failed" : says === undefined ? "passed" : "skipped";
      tests.push({ file, name: withoutTags(name), outcome, details: "", ...(says && { says }) });
    } else if (last?.outcome === "failed") {
      last.details += `${line}\n`;
    }
  }
  if (planned === undefined) {
    return { tests, broken: text.trim().split("\n").at(-1) ?? "" };
  }
  return planned === tests.length
    ? { tests }
    : { tests, broken: `${tests.length} of ${planned} tests were run` };
}

/** Newer tests have a mark before their names: "|030| podman run". */
function withoutTags(name: string): string {
  return name.replace(/^\|\w+\| /, "");
}
