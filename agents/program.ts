import { writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type CommandTable, runCommand } from "./command/run-command.ts";
import { linuxKernel } from "./kernel/linux/linux-kernel.ts";

/** What lies beside this program and not in it, as text: see there. By a name that the compiler doesn't see. */
async function beside<Module>(name: string): Promise<Module> {
  const path: string = `${dirname(process.execPath)}/${name}`;
  return (await import(path)) as Module;
}

const commands: CommandTable = {
  automount: async () => (await import("./automount/command.ts")).automountCommand,
  boot2podman: async () =>
    (await import("./record/command.ts")).boot2podmanCommand({
      service: async () => (await import("./quadlet/command.ts")).serviceCommand,
      extension: async () =>
        (await (await import("./extensions/beside.ts")).loadBeside()).extensionCommand,
      upgrade: async () =>
        (await beside<typeof import("./upgrade/command.ts")>("upgrade.js")).upgradeCommand,
    }),
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
if (basename(process.argv0) === "varlink") {
  const { runVarlinkProgram } = await beside<typeof import("./varlink/program.ts")>("varlink.js");
  process.exit(await runVarlinkProgram(words));
}
process.exit(await runCommand(process.argv0, words, commands, linuxKernel, terminal));
