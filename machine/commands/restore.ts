import type { Command } from "commander";
import { restoreMachine } from "../life/fork.ts";
import { introduce } from "../life/introduce.ts";
import { pauseMachine, resumeMachine } from "../life/pause.ts";
import { nameHelp, namesOrDefault } from "./arguments.ts";
import type { Context } from "./context.ts";

/** `restore`: a machine as it was saved. */
export function addRestore(program: Command, context: Context): void {
  program
    .command("restore")
    .description("Put a machine back to what was saved; what was written since is lost")
    .argument("<name>", "name of the machine")
    .argument("[template]", "name of the template (default: the machine's own)")
    .option("-y, --yes", "ask nothing", false)
    .action(async (name: string, template: string | undefined, flags: { yes: boolean }) => {
      const { terminal } = context;
      const host = context.host();
      if (!flags.yes) {
        terminal.out(`About to put "${name}" back: what was written since it was saved is lost.`);
        if (!/^y(es)?$/i.test((await terminal.ask("Are you sure? (y/n): ")).trim())) {
          terminal.error(`"${name}" was not put back; -y does it without asking.`);
          context.exitWith(1);
          return;
        }
      }
      await introduce(host, await restoreMachine(host, name, template));
      terminal.out(`Machine "${name}" is as it was saved, and goes on.`);
    });
}

/** `pause`: holds machines. */
export function addPause(program: Command, context: Context): void {
  program
    .command("pause")
    .description("Hold machines that run: they take no processor time, and keep their memory")
    .argument("[names...]", nameHelp)
    .action(async (names: string[]) => {
      for (const name of namesOrDefault(names)) {
        const isNew = await pauseMachine(context.host(), name);
        context.terminal.out(
          isNew ? `Machine "${name}" is held.` : `Machine "${name}" is held already.`,
        );
      }
    });
}

/** `resume`: lets machines go on. */
export function addResume(program: Command, context: Context): void {
  program
    .command("resume")
    .description("Let machines go on that are held")
    .argument("[names...]", nameHelp)
    .action(async (names: string[]) => {
      for (const name of namesOrDefault(names)) {
        const isNew = await resumeMachine(context.host(), name);
        context.terminal.out(
          isNew ? `Machine "${name}" goes on.` : `Machine "${name}" is already running.`,
        );
      }
    });
}
