import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type BootOption, bootOptionTable } from "./boot-option-table.ts";
import { type BootOptions, defaultBootOptions, memberOf, withMember } from "./boot-options.ts";

const agents = path.resolve(import.meta.dirname, "..");
const optionsFolder = path.join(import.meta.dirname, "options");
const table: readonly BootOption[] = bootOptionTable;

/** The same for all that it holds, too. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) {
      frozen(inner);
    }
    Object.freeze(value);
  }
  return value;
}

function isRow(value: unknown): value is BootOption {
  return typeof value === "object" && value !== null && "sets" in value && "parse" in value;
}

/** Files for the boot, without tests and what is for them. */
function shippedFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !/\.(test|testing)\.ts$/.test(name),
  );
}

describe("the table of options", () => {
  test("has every row that a file of options/ declares", async () => {
    const declared: string[] = [];
    for (const name of shippedFiles(optionsFolder)) {
      const exports: unknown = await import(path.join(optionsFolder, name));
      for (const value of Object.values(exports as object)) {
        declared.push(...(Array.isArray(value) ? value.filter(isRow) : []).map((row) => row.name));
      }
    }
    expect(declared.toSorted()).toEqual(table.map(({ name }) => name).toSorted());
  });

  test("has each name once", () => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  });

  test("has one default for all words that set one member", () => {
    for (const row of table) {
      expect(memberOf(defaultBootOptions, row), row.name).toEqual(row.default);
    }
  });

  test("has no member beside a group's of the same name", () => {
    const groups = new Set(table.flatMap(({ group }) => group ?? []));
    const lone = table.filter(({ group }) => group === undefined).map(({ sets }) => sets);
    expect(lone.filter((sets) => sets !== undefined && groups.has(sets))).toEqual([]);
  });

  test("has no option that is accepted and then read by nobody", () => {
    const text = shippedFiles(agents)
      .filter((name) => !name.startsWith("settings/"))
      .map((name) => readFileSync(path.join(agents, name), "utf8"))
      .join("\n");
    const unread = table.filter(
      ({ sets }) => sets !== undefined && !new RegExp(`\\b${sets}\\b`).test(text),
    );
    expect(unread.map(({ name }) => name)).toEqual([]);
  });

  test("gives the options their type", () => {
    expectTypeOf<BootOptions["root"]>().toEqualTypeOf<"noembed" | "embed">();
    expectTypeOf<BootOptions["hostname"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<BootOptions["user"]>().toEqualTypeOf<string>();
    expectTypeOf<BootOptions["cgroup"]>().toEqualTypeOf<"v1" | "v2">();
    expectTypeOf<BootOptions["keys"]>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<BootOptions["automount"]["enabled"]>().toEqualTypeOf<boolean>();
    expectTypeOf<BootOptions>().not.toHaveProperty("enabled");
  });
});

describe.each(table.map((row) => [row.name, row] as const))("the parser of %s", (_, row) => {
  const likely = fc.constantFrom("on", "off", "", "1", "sda", "UUID=x", "a:/b", "eth0:dhcp", "a,b");

  test("gives a value or what was expected, and changes nothing that it was given", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(likely, fc.string()), { maxLength: 4 }), (values) => {
        let options = frozen(structuredClone(defaultBootOptions));
        for (const [index, value] of values.entries()) {
          const parsed = row.parse(value, memberOf(options, row), index === 0);
          if ("value" in parsed) {
            options = frozen(withMember(options, row, parsed.value));
          } else {
            expect(parsed.expected).toMatch(/\S/);
          }
        }
      }),
    );
  });

  test("doesn't remember what it was given", () => {
    row.parse("x", frozen(row.default), true);
    const once = row.parse("a b,c", frozen(row.default), true);
    expect(row.parse("a b,c", frozen(row.default), true)).toEqual(once);
  });
});
