import { writeSync } from "node:fs";
import { basename } from "node:path";
import { type Command, type Terminal, UsageError } from "./command/command.ts";
import { linuxKernel } from "./kernel/linux/linux-kernel.ts";

/** Loaded only when called by that name: what isn't needed costs no time at the start. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  automount: async () => (await import("./automount/command.ts")).automountCommand,
  boot2podman: async () => (await import("./record/command.ts")).boot2podmanCommand,
  "guest-tools": async () => (await import("./guest-tools/command.ts")).guestToolsCommand,
  "init-hooks": async () => (await import("./init-hooks/command.ts")).initHooksCommand,
  sshkeys: async () => (await import("./sshkeys/command.ts")).sshkeysCommand,
};

// process.stdout would lose what isn't written when the process ends.
const terminal: Terminal = {
  out: (text) => writeSync(1, `${text}\n`),
  err: (text) => writeSync(2, `${text}\n`),
};

/** Finds the command by the name under which the program was called, and gives its exit status. */
async function main(): Promise<number> {
  const called = basename(process.argv0);
  const [first, ...rest] = process.argv.slice(2);
  const isLink = Object.hasOwn(commands, called);
  const name = isLink ? called : (first ?? "");
  const words = isLink ? process.argv.slice(2) : rest;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    terminal.err(`${called}: call it as one of ${Object.keys(commands).join(", ")}`);
    return 2;
  }
  try {
    const command = await load();
    if (words.includes("--help")) {
      terminal.out(command.help);
      return 0;
    }
    return await command.run(words, linuxKernel, terminal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof UsageError ? `; see ${name} --help` : "";
    terminal.err(`${name}: ${message.replaceAll(/\s+/g, " ")}${hint}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exit(await main());
