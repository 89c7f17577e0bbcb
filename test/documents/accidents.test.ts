import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");

/** The numbers of accidents that a file speaks of: "(accident 4)", "accident 14:". */
function numbersIn(text: string): number[] {
  return [...text.matchAll(/\baccident (\d+)/g)].map(([, number]) => Number(number));
}

/** Number and named files of each row of the document. */
const rows = readFileSync(path.join(root, "docs/accidents.md"), "utf8")
  .split("\n")
  .flatMap((line) => {
    const number = /^\| (\d+) \|/.exec(line)?.[1];
    const files = [...(line.split("|").at(-2) ?? "").matchAll(/`([^`]+)`/g)].map(([, f]) => f);
    return number === undefined ? [] : [{ number: Number(number), files }];
  });

test("docs/accidents.md numbers its rows from 1 on, and each names a test", () => {
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
  expect(rows.filter(({ files }) => files.length === 0)).toEqual([]);
});

test.each(rows)("the tests that row $number names speak of that accident", ({ number, files }) => {
  for (const file of files) {
    const text = readFileSync(path.join(root, file ?? ""), "utf8");
    expect(numbersIn(text), `${file} doesn't name accident ${number}`).toContain(number);
  }
});

test("no file speaks of an accident that has no row", () => {
  const known = new Set(rows.map(({ number }) => number));
  const unknown = ["agents", "image", "machine", "test"].flatMap((part) =>
    readdirSync(path.join(root, part), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => {
        const numbers = numbersIn(readFileSync(path.join(root, part, name), "utf8"));
        return numbers.filter((number) => !known.has(number)).map((number) => `${name}: ${number}`);
      }),
  );
  expect(unknown).toEqual([]);
});
