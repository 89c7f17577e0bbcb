import { expect, test } from "vitest";
import { outdated } from "./run.ts";
import type { ListedTemplate } from "./templates.ts";

const dayMs = 24 * 3_600_000;
const now = 1000 * dayMs;

/** A template of `run` that was used so many days ago. */
function used(name: string, days: number, change: Partial<ListedTemplate> = {}): ListedTemplate {
  return {
    ...{ name, machine: name, created: "", imageId: "", imageVersion: "", isCache: true },
    ...{ usedMs: now - days * dayMs, bytes: 2 ** 28, forks: [], hardware: {}, error: "" },
    ...change,
  };
}
const five = [1, 2, 3, 4, 5].map((days) => used(`t${days}`, days));

test.each<[string, ListedTemplate[], string[]]>([
  ["five that were used in this month stay", five, []],
  ["of six the one that was used longest ago goes", [used("old", 6), ...five], ["old"]],
  ["the one that is used now stays, however old", [used("now", 40), ...five], ["t5"]],
  ["what a machine goes on from stays", [used("old", 40, { forks: ["a"] }), ...five], ["t5"]],
  ["one that was not used for a month goes", [used("old", 31)], ["old"]],
  [
    "together they take 8 GiB at most",
    [used("a", 1, { bytes: 5 * 2 ** 30 }), used("b", 2, { bytes: 4 * 2 ** 30 }), used("c", 3)],
    ["b"],
  ],
  ["what a person saved is no part of it", [used("mine", 99, { isCache: false })], []],
])("of the templates that run keeps, %s", (_, templates, gone) => {
  expect(outdated(templates, "now", now)).toEqual(gone);
});
