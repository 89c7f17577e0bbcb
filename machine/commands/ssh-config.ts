import { mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { includedSshConfig, includeLine, sshAlias, withInclude } from "../client/ssh-config.ts";
import { driverOf } from "../driver/drivers.ts";
import { sshClientVersion } from "../ssh/client-version.ts";
import { loadMachine } from "../store/machines.ts";
import { defaultName } from "../store/name.ts";
import { readIfThere } from "../store/read-file.ts";
import { writeFileAtomic } from "../store/write-file.ts";
import type { Context } from "./context.ts";

/** `ssh-config`: what ssh, and all that runs it, has to know of a machine. */
export function addSshConfig(program: Command, context: Context): void {
  program
    .command("ssh-config")
    .description(
      "Print the ssh configuration for a machine, or include those of all machines in yours",
    )
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .option("--install", "add an Include line for all machines to ~/.ssh/config", false)
    .action(async (name: string | undefined, flags: { install: boolean }) => {
      const { store } = context.host();
      if (flags.install) {
        await install(join(context.person.home, ".ssh", "config"), store);
        context.terminal.out(
          `~/.ssh/config has the line ${includeLine(store)}: "ssh ${sshAlias(name ?? defaultName)}", rsync, git and docker find the machines.`,
        );
        return;
      }
      const machine = await loadMachine(store, name ?? defaultName);
      const target = driverOf(store, machine.config.DriverName).sshTarget(machine);
      context.terminal.out(includedSshConfig(target, await sshClientVersion()).trimEnd());
    });
}

async function install(path: string, store: string): Promise<void> {
  const real = await realpath(path).catch(() => path);
  const before = (await readIfThere(real)) ?? "";
  const after = withInclude(before, store);
  if (after !== before) {
    await mkdir(dirname(real), { recursive: true, mode: 0o700 });
    await writeFileAtomic(real, after, 0o600);
  }
}
