import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type BootOption, bootOptionTable } from "./boot-option-table.ts";

const docs = path.resolve(import.meta.dirname, "../../docs/boot-options.md");

/** "file" as the docs say it. */
function fileOf({ sources }: BootOption): string {
  if (sources.includes("data disk")) {
    return "disk";
  }
  return sources.includes("image") ? "image" : "–";
}

test("docs/boot-options.md has a row for each option, with the form and the files that the code knows", () => {
  const rows = readFileSync(docs, "utf8")
    .split("\n")
    .flatMap((line) => {
      const match = /^\| `([^`=]+)(=?)[^`]*` \| .+ \| (\S+) \|$/.exec(line);
      return match === null ? [] : [`${match[1]}${match[2]} ${match[3]}`];
    });
  const known = bootOptionTable.map(
    (row) => `${row.name}${row.value === undefined ? "" : "="} ${fileOf(row)}`,
  );
  expect(rows.sort()).toEqual(known.sort());
});
