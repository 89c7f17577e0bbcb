import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const declared =
  /^export (?:default )?(?:abstract |async )?(?:function|const|class|interface|type|enum) (\w+)/;

/** Exports of a file that no comment stands above. */
function undocumented(file: string): string[] {
  const lines = readFileSync(path.join(root, file), "utf8").split("\n");
  return lines.flatMap((line, index) => {
    const name = declared.exec(line)?.[1];
    return name === undefined || /\*\/\s*$/.test(lines[index - 1] ?? "")
      ? []
      : [`${file}: ${name}`];
  });
}

test.each(["agents", "image", "machine"])("every export of %s/ says what it is", (part) => {
  const files = readdirSync(path.join(root, part), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/\.(test|testing)\.ts$/.test(name))
    .map((name) => path.join(part, name));
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(undocumented)).toEqual([]);
});
