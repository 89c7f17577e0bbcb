import type { Command } from "commander";
import { killMachine, stopMachine, stopTimeoutMs } from "../life/stop.ts";
import { nameHelp, namesOrDefault, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";

/** `stop`: shuts machines down cleanly. */
export function addStop(program: Command, context: Context): void {
  program
    .command("stop")
    .description("Shut machines down; their data disks stay")
    .argument("[names...]", nameHelp)
    .option(
      "--timeout <seconds>",
      "how long a shutdown may take before the machine is switched off",
      wholeNumber(1, 86_400),
      stopTimeoutMs / 1000,
    )
    .action(async (names: string[], flags: { timeout: number }) => {
      for (const name of namesOrDefault(names)) {
        const stopped = await stopMachine(context.host(), name, flags.timeout * 1000);
        context.terminal.out(stopped ? `Machine "${name}" was stopped.` : alreadyStopped(name));
      }
    });
}

/** `kill`: switches machines off. */
export function addKill(program: Command, context: Context): void {
  program
    .command("kill")
    .description("Switch machines off at once, like a power failure")
    .argument("[names...]", nameHelp)
    .action(async (names: string[]) => {
      for (const name of namesOrDefault(names)) {
        const killed = await killMachine(context.host(), name);
        context.terminal.out(killed ? `Machine "${name}" was killed.` : alreadyStopped(name));
      }
    });
}

function alreadyStopped(name: string): string {
  return `Machine "${name}" is already stopped.`;
}
