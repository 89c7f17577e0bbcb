import { expect, test } from "vitest";
import { formatTable } from "./table.ts";

test("columns are as wide as their longest cell and stand three apart", () => {
  expect(
    formatTable([
      ["NAME", "ACTIVE", "URL"],
      ["a-long-name", "*", "tcp://127.0.0.1"],
    ]),
  ).toEqual(["NAME          ACTIVE   URL", "a-long-name   *        tcp://127.0.0.1"]);
});

test("a narrow column is five wide", () => {
  expect(formatTable([["a", "b"]])).toEqual(["a    b"]);
});

test("no line ends in a space", () => {
  expect(formatTable([["a", "", ""]])).toEqual(["a"]);
});
