import { expect, test } from "vitest";
import type { ListedMachine } from "../life/list.ts";
import { parseFilters } from "./filters.ts";
import { render } from "./ls.ts";

const box: ListedMachine = {
  name: "box",
  active: true,
  driver: "qemu",
  state: "Running",
  url: "tcp://127.0.0.1",
  error: "",
  labels: ["env=dev", "team=a"],
  responseTimeMs: 3,
};
const other: ListedMachine = {
  name: "other",
  active: false,
  driver: "qemu",
  state: "Stopped",
  url: "",
  error: "",
  labels: ["env=prod"],
  responseTimeMs: 4,
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
  [["label=env=dev"], ["box"]],
  [["label=env"], ["box", "other", "broken"]],
  [
    ["label=env=dev", "label=env=prod"],
    ["box", "other", "broken"],
  ],
  [["label=env=dev", "state=Stopped"], []],
])("filters %j keep %j", (filters, names) => {
  const kept = [box, other, broken].filter(parseFilters(filters));
  expect(kept.map((machine) => machine.name)).toEqual(names);
});

test.each(["size=a", "state", "=", "name=("])("filter %s is refused", (filter) => {
  expect(() => parseFilters([filter])).toThrow(/Unsupported filter|not a regular expression/);
});

test("a template is filled for each", () => {
  const format = "{{.Name}} {{.State}} {{.URL}}{{if .ActiveHost}} active{{end}}";
  expect(render([box, other], { ...flags, format })).toEqual([
    "box Running tcp://127.0.0.1 active",
    "other Stopped ",
  ]);
});

test("a template for a table has a header and columns", () => {
  const format = "table {{.Name}}\\t{{.DriverName}}\t{{.Active}}";
  expect(render([box, other], { ...flags, format })).toEqual([
    "NAME    DRIVER   ACTIVE",
    "box     qemu     *",
    "other   qemu     -",
  ]);
});
