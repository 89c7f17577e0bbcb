import { basename } from "node:path";
import type { Kernel } from "../kernel/kernel.ts";
import type { Command, Terminal } from "./command.ts";
import { oneLine } from "./one-line.ts";

/** Commands by name, each loaded only when called: what isn't needed costs no time at the start. */
export type CommandTable = Readonly<Record<string, () => Promise<Command>>>;

/**
 * Runs the command by whose name the program was called, or else that of the first word, and gives the exit
 * status: 0 ok, 1 failure, 2 usage. Whatever is thrown becomes one line on stderr.
 *
 * @param calledAs argv[0]
 */
export async function runCommand(
  calledAs: string,
  words: readonly string[],
  commands: CommandTable,
  kernel: Kernel,
  terminal: Terminal,
): Promise<number> {
  const called = basename(calledAs);
  const [name, rest] = Object.hasOwn(commands, called)
    ? [called, words]
    : [words[0] ?? "", words.slice(1)];
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    terminal.err(`${called}: call it as one of ${Object.keys(commands).join(", ")}`);
    return 2;
  }
  try {
    const command = await load();
    if (rest.includes("--help")) {
      terminal.out((await command.helpFor?.(rest)) ?? command.help);
      return 0;
    }
    return await command.run(rest, kernel, terminal);
  } catch (error) {
    // Of a command that lies beside the program it is another class of the same name.
    const isUsage = error instanceof Error && error.name === "UsageError";
    const hint = isUsage ? `; see ${name} --help` : "";
    terminal.err(`${name}: ${oneLine(error)}${hint}`);
    return isUsage ? 2 : 1;
  }
}
