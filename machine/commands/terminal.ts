import { userInfo } from "node:os";
import { createInterface } from "node:readline";
import type { Person } from "../life/host.ts";

/** Where a command speaks to a person. */
export interface Terminal {
  /** Prints a line. */
  out(line: string): void;
  /** Prints text as it is. */
  write(text: string): void;
  /** Prints a line for a person, beside the output. */
  error(line: string): void;
  /** Shows a line that the next one replaces; nothing where that isn't possible. */
  status(line: string): void;
  /** Asks a question and returns one line; empty when there is nobody to answer. */
  ask(question: string): Promise<string>;
  /** True when a person sits there. */
  readonly interactive: boolean;
  /** True when what is written comes to a terminal, which obeys escape sequences. */
  readonly isTerminal: boolean;
}

/** Who runs a command, and where they are told what comes of it. */
export interface Caller {
  readonly terminal: Terminal;
  readonly person: Person;
}

/** The caller of this process. */
export function processCaller(): Caller {
  return {
    terminal: processTerminal(),
    person: { home: homeOf(process.env), environment: process.env },
  };
}

/** The home that HOME names, else that of the account; empty where neither is known, as for a user without one. */
export function homeOf(environment: Readonly<Record<string, string | undefined>>): string {
  const { HOME = "" } = environment;
  if (HOME !== "") {
    return HOME;
  }
  try {
    return userInfo().homedir;
  } catch (error) {
    // libuv has no entry of the user's in the accounts; bun and node name that differently.
    if (error instanceof Error) {
      return "";
    }
    throw error;
  }
}

const clearLine = "\r\u001b[2K";

/** The terminal, or the pipes, of this process. */
function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  const canReplace = stdout.isTTY === true && process.env.TERM !== "dumb";
  let shown = false;
  const clear = () => {
    if (shown) {
      stdout.write(clearLine);
      shown = false;
    }
  };
  return {
    out(line) {
      clear();
      stdout.write(`${line}\n`);
    },
    write(text) {
      clear();
      stdout.write(text);
    },
    error(line) {
      clear();
      stderr.write(`${line}\n`);
    },
    status(line) {
      if (canReplace) {
        clear();
        stdout.write(line.slice(0, Math.max(1, stdout.columns - 1)));
        shown = true;
      }
    },
    ask: (question) => ask(question),
    isTerminal: stdout.isTTY === true,
    interactive: stdin.isTTY === true && stdout.isTTY === true,
  };
}

function ask(question: string): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    process.stdout.write(question);
    lines.once("line", (line) => {
      resolve(line);
      lines.close();
    });
    lines.once("close", () => resolve(""));
  });
}
