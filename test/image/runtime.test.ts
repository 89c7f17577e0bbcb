import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { blankIcuLocales } from "../../image/compose/icu-data.ts";
import { bunPath } from "../../image/fetch/runtime.ts";

const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const programText = `
const time = new Date(0);
console.log(
  time.toLocaleString("en-US", { timeZone: "Europe/Berlin", timeStyle: "full", dateStyle: "long" }),
  new Intl.NumberFormat("en").format(1234567.8),
  ["ä", "z", "a"].sort(new Intl.Collator("en").compare).join(),
  "é".normalize("NFD").length,
  /^\\p{L}+$/u.test("äö"),
  "ß".toUpperCase(),
  new URL("http://bücher.example").host,
  [...new Intl.Segmenter("en", { granularity: "word" }).segment("two words")].length,
  new Intl.PluralRules("en").select(1),
);`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runtime-"));
  writeFileSync(join(folder, "script.js"), programText);
  const program = readFileSync(bunPath(repository));
  // Fails when another Bun keeps its language data otherwise: the image would be 7 MB bigger.
  expect(blankIcuLocales(program)).toBeGreaterThan(8_000_000);
  writeFileSync(join(folder, "bun"), program, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (bun: string, ...args: string[]) =>
  execFileSync(bun, args, {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env.PATH, TZ: "UTC", LC_ALL: "C" },
  });

it("the runtime without other languages' data works as before in English", () => {
  const script = join(folder, "script.js");
  expect(run(join(folder, "bun"), script)).toBe(run(bunPath(repository), script));
});

it("and falls back to what it has when asked for another language", () => {
  const german =
    'console.log(new Intl.NumberFormat("de").format(1.5), "x".localeCompare("y", "fr"))';
  expect(run(join(folder, "bun"), "-e", german).trim()).toMatch(/^1[.,]5 -1$/);
});
