// npm test: everything that must hold; stops at the first check that fails.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";

const root = path.resolve(import.meta.dirname, "..");
const results = path.join(root, ".cache/test-results");
const bin = (name: string) => path.join(root, "node_modules/.bin", name);

interface Check {
  name: string;
  argv: string[];
  /** Where vitest leaves its counts. */
  counts?: string;
}

function vitest(...projects: string[]): Check {
  const counts = path.join(results, `${projects.join("-")}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${counts}`];
  // On Node: node-pty doesn't work under Bun.
  return {
    name: `${projects.join(" and ")} tests`,
    argv: [
      ...["node", bin("vitest"), "run"],
      ...projects.flatMap((project) => ["--project", project]),
      ...reporters,
    ],
    counts,
  };
}

const checks: Check[] = [
  { name: "format and lint", argv: [bin("biome"), "check", "."] },
  { name: "shell scripts", argv: [bin("bun"), "test/shell-scripts.ts"] },
  { name: "types", argv: [bin("tsc"), "--noEmit"] },
  { name: "image", argv: [bin("bun"), "image/build.ts"] },
  // Together, since each waits for something now and then: a quarter less time.
  vitest("unit", "image"),
  vitest("vm"),
];

const countsSchema = z.looseObject({ numPassedTests: z.number(), numFailedTests: z.number() });

function addCounts(total: { passed: number; failed: number }, file: string): void {
  const counts = countsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  total.passed += counts.numPassedTests;
  total.failed += counts.numFailedTests;
}

mkdirSync(results, { recursive: true });
const total = { passed: 0, failed: 0 };
let exitCode = 0;
for (const check of checks) {
  const start = performance.now();
  console.log(`\n== ${check.name}`);
  const [command = "", ...args] = check.argv;
  const ended = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  if (check.counts) {
    addCounts(total, check.counts);
  }
  console.log(`== ${check.name}: ${ended.status === 0 ? "ok" : "FAILED"} after ${seconds} s`);
  if (ended.status !== 0) {
    exitCode = 1;
    break;
  }
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(exitCode);
