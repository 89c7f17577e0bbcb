import { expect, test } from "vitest";
import type { ListedMachine } from "../life/list.ts";
import { parseFilters, render } from "./ls.ts";

const box: ListedMachine = {
  name: "box",
  active: true,
  driver: "qemu",
  state: "Running",
  url: "tcp://127.0.0.1",
  error: "",
};
const other: ListedMachine = {
  name: "other",
  active: false,
  driver: "qemu",
  state: "Stopped",
  url: "",
  error: "",
};
const broken: ListedMachine = { ...other, name: "broken", state: "Error", error: "no monitor" };
const flags = { quiet: false, json: false };

test("the table has the columns that scripts know", () => {
  expect(render([box, other, broken], flags)).toEqual([
    "NAME     ACTIVE   DRIVER   STATE     URL               ERRORS",
    "box      *        qemu     Running   tcp://127.0.0.1",
    "other    -        qemu     Stopped",
    "broken   -        qemu     Error                       no monitor",
  ]);
});

test("without machines there is the header", () => {
  expect(render([], flags)).toEqual(["NAME   ACTIVE   DRIVER   STATE   URL   ERRORS"]);
});

test("quiet is the names", () => {
  expect(render([box, other], { quiet: true, json: false })).toEqual(["box", "other"]);
});

test("JSON is everything", () => {
  expect(JSON.parse(render([box, broken], { quiet: false, json: true }).join(""))).toEqual([
    box,
    broken,
  ]);
});

test.each([
  [[], ["box", "other", "broken"]],
  [["state=running"], ["box"]],
  [
    ["state=Running", "state=Error"],
    ["box", "broken"],
  ],
  [["name=^b"], ["box", "broken"]],
  [["name=^b", "state=Error"], ["broken"]],
  [["driver=qemu"], ["box", "other", "broken"]],
  [["driver=virtualbox"], []],
])("filters %j keep %j", (filters, names) => {
  const kept = [box, other, broken].filter(parseFilters(filters));
  expect(kept.map((machine) => machine.name)).toEqual(names);
});

test.each(["label=a", "state", "=", "name=("])("filter %s is refused", (filter) => {
  expect(() => parseFilters([filter])).toThrow(/Unsupported filter|no regular expression/);
});
