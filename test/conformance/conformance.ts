// npm run conformance [-- --vm] [--as ROLE] [--tests pinned|debian12] [--results FOLDER] [FILE…]: Podman's own system
// tests against the built image, as root, as the user, and through podman-remote, then docker's and others' clients
// (scripts/); prints a table. FILE is one of Podman's, like 030-run.bats, or a script. --vm: a chosen part of both in a
// virtual machine. Exit status 1 when a test fails that isn't in the list of expected failures (expected/), or a script.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { BuildError } from "../../image/report/build-error.ts";
import { progressOn } from "../../image/report/progress.ts";
import { type Role, roles } from "./laboratory/laboratory.ts";
import { runAndJudge } from "./run-files.ts";
import { runScripts } from "./run-scripts.ts";
import { guestSite, laboratorySite } from "./sites.ts";
import { cacheOf, openTests } from "./source/open-tests.ts";
import { readExpected } from "./verdict/expected.ts";
import { tableOf, type Verdict } from "./verdict/verdict.ts";

const { values: options, positionals } = parseArgs({
  options: {
    as: { type: "string", multiple: true },
    tests: { type: "string" },
    results: { type: "string" },
    vm: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

function isRole(name: string): name is Role {
  return roles.some((role) => role === name);
}

async function main(): Promise<number> {
  const asked = options.as ?? [...roles];
  const wanted = asked.filter(isRole);
  if (wanted.length !== asked.length) {
    throw new BuildError(`--as: one of ${roles.join(", ")}, not ${asked.join(", ")}`);
  }
  const cache = cacheOf(progressOn(process.stdout));
  const tests = await openTests(options.tests, cache);
  const site = await (options.vm ? guestSite : laboratorySite)(tests, cache);
  const expected = readExpected(tests.version);
  const verdicts: Verdict[] = [];
  let broken = 0;
  let failedScripts: string[] = [];
  try {
    // Scripts run as root and as the user, whatever is asked: one that is named with --as would not run.
    const scripts = options.as === undefined ? site.scripts : [];
    const known = [...wanted.flatMap((role) => site.filesFor(role)), ...scripts];
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new BuildError(
        `no tests named ${unknown.join(", ")} of Podman ${tests.version}${options.vm ? " run in a virtual machine" : ""}${options.as === undefined ? "" : " by --as (scripts run without it)"}`,
      );
    }
    const chosen = (names: readonly string[]) =>
      positionals.length > 0 ? names.filter((name) => positionals.includes(name)) : names;
    for (const role of wanted) {
      const run = await runAndJudge(site, role, chosen(site.filesFor(role)), expected, {
        say: (line) => console.log(line),
        keep: (file, text) => {
          if (options.results !== undefined) {
            mkdirSync(path.join(options.results, role), { recursive: true });
            writeFileSync(path.join(options.results, role, `${file}.tap`), text);
          }
        },
      });
      broken += run.broken.length;
      const { verdict } = run;
      verdicts.push(verdict);
      for (const { file, name, outcome, says, details } of verdict.news) {
        console.log(
          `\nNEW ${role}: ${file}: ${name}: ${outcome}${says ? `: ${says}` : ""}\n${details}`,
        );
      }
      for (const { file, name } of site.isListed ? verdict.passAgain : []) {
        console.log(`PASSES AGAIN ${role}: ${file}: ${name}: its entry in the list can go`);
      }
    }
    failedScripts = await runScripts(
      chosen(scripts),
      (role, name) => site.runScript(role, name),
      (line) => console.log(line),
    );
  } finally {
    await site.close();
  }
  console.log(`\nPodman's own system tests, of ${tests.version}\n${tableOf(verdicts)}`);
  const news = verdicts.reduce((sum, one) => sum + one.news.length, 0);
  return news + broken + failedScripts.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BuildError)) {
    throw error;
  }
  console.error(`conformance: ${error.message}`);
  process.exitCode = 2;
}
