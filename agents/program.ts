import { writeSync } from "node:fs";
import { type CommandTable, runCommand } from "./command/run-command.ts";
import { linuxKernel } from "./kernel/linux/linux-kernel.ts";

const commands: CommandTable = {
  automount: async () => (await import("./automount/command.ts")).automountCommand,
  boot2podman: async () => (await import("./record/command.ts")).boot2podmanCommand,
  "check-stores": async () => (await import("./containers/command.ts")).checkStoresCommand,
  "guest-tools": async () => (await import("./guest-tools/command.ts")).guestToolsCommand,
  "init-hooks": async () => (await import("./init-hooks/command.ts")).initHooksCommand,
  sshkeys: async () => (await import("./sshkeys/command.ts")).sshkeysCommand,
};

// process.stdout would lose what isn't written when the process ends.
const terminal = {
  out: (text: string) => writeSync(1, `${text}\n`),
  err: (text: string) => writeSync(2, `${text}\n`),
};

const words = process.argv.slice(2);
process.exit(await runCommand(process.argv0, words, commands, linuxKernel, terminal));
