// npm run conformance [-- --as ROLE] [--tests pinned|debian12] [--results FOLDER] [FILE…]: Podman's own system tests
// against the built image, as root, as the user, and through podman-remote, then docker's and others' clients
// (scripts/); prints a table. FILE is one of Podman's, like 030-run.bats, or a script. Exit status 1 when a test fails
// that isn't in the list of expected failures (expected/), or a script.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { BuildError } from "../../image/report/build-error.ts";
import { progressOn } from "../../image/report/progress.ts";
import { Laboratory, type Role, roles } from "./laboratory/laboratory.ts";
import { runAndJudge } from "./run-files.ts";
import { runScripts, scriptNames } from "./run-scripts.ts";
import { cacheOf, openTests } from "./source/open-tests.ts";
import { fetchTools } from "./source/tools.ts";
import { readExpected } from "./verdict/expected.ts";
import { tableOf, type Verdict } from "./verdict/verdict.ts";

const { values: options, positionals } = parseArgs({
  options: {
    as: { type: "string", multiple: true },
    tests: { type: "string" },
    results: { type: "string" },
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
  const files = readdirSync(path.join(tests.folder, "test/system"))
    .filter((name) => name.endsWith(".bats"))
    .sort();
  const scripts = scriptNames();
  const unknown = positionals.filter((name) => !files.includes(name) && !scripts.includes(name));
  if (unknown.length > 0) {
    throw new BuildError(`Podman ${tests.version} has no tests named ${unknown.join(", ")}`);
  }
  const chosen = (names: readonly string[]) =>
    positionals.length > 0 ? names.filter((name) => positionals.includes(name)) : names;
  const laboratory = await Laboratory.open(tests, await fetchTools(cache), cache);
  const expected = readExpected(tests.version);
  const verdicts: Verdict[] = [];
  let broken = 0;
  let failedScripts: string[] = [];
  try {
    for (const role of wanted) {
      const run = await runAndJudge(laboratory, role, chosen(files), expected, {
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
      for (const { file, name } of verdict.passAgain) {
        console.log(`PASSES AGAIN ${role}: ${file}: ${name}: its entry in the list can go`);
      }
    }
    if (options.as === undefined) {
      failedScripts = await runScripts(laboratory, chosen(scripts), (line) => console.log(line));
    }
  } finally {
    await laboratory.close();
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
