import type { Command } from "commander";
import { checkRemovable, removeMachine } from "../life/remove.ts";
import type { Context } from "./context.ts";

interface Flags {
  force: boolean;
  yes: boolean;
}

/** `rm`: removes machines with their disks, after asking. */
export function addRm(program: Command, context: Context): void {
  program
    .command("rm")
    .description("Remove machines and their data disks")
    .argument("<names...>", "names of the machines")
    .option("-f, --force", "also remove running machines, without asking", false)
    .option("-y, --yes", "ask nothing", false)
    .action(async (names: string[], flags: Flags) => {
      const { terminal } = context;
      const host = context.host();
      for (const name of names) {
        await checkRemovable(host, name);
      }
      terminal.out(`About to remove ${names.join(", ")}`);
      terminal.out("WARNING: This action will delete both local reference and remote instance.");
      for (const name of names) {
        if (flags.yes || flags.force || isYes(await terminal.ask("Are you sure? (y/n): "))) {
          await removeMachine(host, name, { force: flags.force });
          terminal.out(`Successfully removed ${name}`);
        } else {
          terminal.error(`"${name}" was not removed; -y removes it without asking.`);
          context.exitWith(1);
        }
      }
    });
}

function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}
