import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decisionTable, rows } from "./rows.ts";

const page = readFileSync(new URL("../../../docs/data-disk.md", import.meta.url), "utf8");

test("docs/data-disk.md holds the decision table as the code has it", () => {
  const between = page.split("<!-- decision table -->\n")[1]?.split("\n<!-- end -->")[0];
  expect(between).toBe(decisionTable());
});

test("every refusal of a disk that somebody meant for us says what to do", () => {
  const refusals = Object.entries(rows).filter(
    ([id, row]) => /^(magic|labelled|blank)-/.test(id) && /^(refused|none|not )/.test(row.done),
  );
  expect(refusals.length).toBeGreaterThan(10);
  expect(refusals.filter(([, { advice }]) => advice === "")).toEqual([]);
});
