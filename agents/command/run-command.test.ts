import { describe, expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { type Command, UsageError } from "./command.ts";
import { FakeTerminal } from "./fake-terminal.testing.ts";
import { parseWords } from "./parse-words.ts";
import { type CommandTable, runCommand } from "./run-command.ts";

function commandThat(run: Command["run"]): CommandTable {
  return { tool: async () => ({ name: "tool", help: "tool helps", run }) };
}

async function call(commands: CommandTable, calledAs: string, ...words: string[]) {
  const terminal = new FakeTerminal();
  const status = await runCommand(calledAs, words, commands, new FakeKernel(), terminal);
  return { status, said: terminal.said, errors: terminal.errors };
}

const echo = commandThat(async (words, _, terminal) => {
  terminal.out(words.join(" "));
  return 0;
});

describe("runCommand", () => {
  test("finds the command by the name of the link, or by the first word", async () => {
    expect((await call(echo, "/usr/sbin/tool", "a", "b")).said).toEqual(["a b"]);
    expect((await call(echo, "agents", "tool", "a")).said).toEqual(["a"]);
  });

  test.each(["other", "toString"])("refuses the unknown name %s with status 2", async (name) => {
    const { status, errors } = await call(echo, "agents", name);
    expect(status).toBe(2);
    expect(errors).toEqual(["agents: call it as one of tool"]);
  });

  test("prints the help and does nothing else", async () => {
    const never = commandThat(() => Promise.reject(new Error("was run")));
    expect(await call(never, "tool", "x", "--help")).toEqual({
      status: 0,
      said: ["tool helps"],
      errors: [],
    });
  });

  test("turns what wasn't understood into one line and status 2", async () => {
    const refusing = commandThat(() => Promise.reject(new UsageError("say what")));
    const { status, errors } = await call(refusing, "tool");
    expect(status).toBe(2);
    expect(errors).toEqual(["tool: say what; see tool --help"]);
  });

  test("turns any other failure into one line and status 1", async () => {
    const failing = commandThat(() =>
      Promise.reject(new KernelError("mount", "/mnt", "EBUSY", { detail: "two\nlines" })),
    );
    const { status, errors } = await call(failing, "tool");
    expect(status).toBe(1);
    expect(errors).toEqual(["tool: mount /mnt: EBUSY (two lines)"]);
  });
});

describe("parseWords", () => {
  const options = { json: "flag", root: "value" } as const;

  test("sorts flags, values and operands, in any order", () => {
    const { flags, values, operands } = parseWords(
      ["a", "--json", "--root", "/x", "b", "--", "--json"],
      options,
    );
    expect([...flags]).toEqual(["json"]);
    expect(values.get("root")).toBe("/x");
    expect(operands).toEqual(["a", "b", "--json"]);
    expect(parseWords(["--root=/y=z"], options).values.get("root")).toBe("/y=z");
  });

  test.each([
    [["--jsn"], "option --jsn is unknown; known are --json, --root, --help"],
    [["-j"], "option -j is unknown"],
    [["--constructor"], "option --constructor is unknown"],
    [["--json=yes"], "option --json takes no value"],
    [["--root"], "option --root needs a value"],
  ])("refuses %j", (words, message) => {
    expect(() => parseWords(words, options)).toThrow(message);
    expect(() => parseWords(words, options)).toThrow(UsageError);
  });
});
