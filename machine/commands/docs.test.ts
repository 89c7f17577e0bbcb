import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { commandLine } from "./program.ts";
import { makeTestCaller } from "./terminal.testing.ts";

const text = readFileSync(new URL("../../docs/machine.md", import.meta.url), "utf8");
const { program } = commandLine(makeTestCaller("/nonexistent"));
const commands = new Map(program.commands.map((command) => [command.name(), command]));

/** The text below a heading, up to the next of its level or above. */
function section(heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const from = text.indexOf(`\n${heading}\n`);
  expect(from, heading).toBeGreaterThanOrEqual(0);
  const rest = text.slice(from + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** What stands in backquotes. */
function codeIn(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```/gm, "").replaceAll("\\|", "|");
  return [...prose.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

/** The rows of the tables in it, each with the code in its first cell and in all of it. */
function rowsOf(markdown: string): { subject: string[]; code: string[] }[] {
  return markdown
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => ({
      subject: codeIn(line.split(/(?<!\\)\|/)[1] ?? ""),
      code: codeIn(line),
    }));
}

/** An option's spellings, such as -f and --force. */
function spellingsOf(command: Command): string[][] {
  return command.options.map((option) =>
    option.flags.split(/[ ,]+/).filter((word) => word.startsWith("-")),
  );
}

/** The flags in a piece of code, and the command that it names, if any; undefined: another program's code. */
function flagsIn(code: string): { command: string | undefined; flags: string[] } | undefined {
  const [own = ""] = code.replace(/^(eval \$\()?podman-machine /, "").split(/ \| /);
  const words = own.split(/[\s)]+/);
  const [first = "", ...rest] = words;
  if (!first.startsWith("-") && !commands.has(first)) {
    return undefined;
  }
  const operand = rest.findIndex((word) => !word.startsWith("-"));
  // What follows the name of a machine is for ssh itself.
  const considered = first === "ssh" && operand >= 0 ? rest.slice(0, operand) : words;
  return {
    command: commands.has(first) ? first : undefined,
    flags: considered.filter((word) => /^--?[a-zA-Z]/.test(word)),
  };
}

const commandRows = rowsOf(section("## Commands").split("\n### ")[0] ?? "").map((row) => ({
  ...row,
  names: row.subject.map((code) => code.split(" ")[0] ?? ""),
}));

test("each command has its row, and there is no row for what is no command", () => {
  const named = commandRows.flatMap((row) => row.names);
  // Commander adds it by itself.
  expect(named.toSorted()).toEqual([...commands.keys(), "help"].toSorted());
});

describe.each([...commands].filter(([name]) => name !== "create"))("%s", (name, command) => {
  const row = commandRows.find((one) => one.names.includes(name));
  const code = (row?.code ?? []).map(flagsIn).filter((one) => one !== undefined);
  const named = code
    .filter((one) => one.command === undefined || one.command === name)
    .flatMap((one) => one.flags);

  test("has each of its flags in its row", () => {
    const missing = spellingsOf(command).filter((all) => !all.some((one) => named.includes(one)));
    expect(missing).toEqual([]);
  });

  test("has no flag in its row that it doesn't take", () => {
    expect(named.filter((flag) => !spellingsOf(command).flat().includes(flag))).toEqual([]);
  });
});

describe("create", () => {
  const command = commands.get("create");
  const all = command === undefined ? [] : spellingsOf(command);
  const named = codeIn(section("### Options of `create`"))
    .map((code) => flagsIn(code))
    .flatMap((one) => (one?.command === undefined ? (one?.flags ?? []) : []));

  test("has each spelling of its flags in its section", () => {
    expect(all.flat().filter((flag) => !named.includes(flag))).toEqual([]);
  });

  test("has no flag there that it doesn't take", () => {
    expect(named.filter((flag) => !all.flat().includes(flag))).toEqual([]);
  });
});

test("each global flag is named", () => {
  const named = codeIn(section("## Commands")).flatMap((code) => flagsIn(code)?.flags ?? []);
  const missing = spellingsOf(program).filter((all) => !all.some((one) => named.includes(one)));
  expect(missing).toEqual([]);
});

test("no flag is named anywhere that doesn't exist", () => {
  const existing = new Set(
    [program, ...commands.values()].flatMap(spellingsOf).flat().concat("--help"),
  );
  const named = codeIn(text).flatMap((code) => flagsIn(code)?.flags ?? []);
  expect(named.filter((flag) => !existing.has(flag))).toEqual([]);
});
