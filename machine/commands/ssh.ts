import type { Command } from "commander";
import { driverOf } from "../driver/drivers.ts";
import { loadRunning } from "../life/running.ts";
import { runSsh } from "../ssh/session.ts";
import { defaultName } from "../store/name.ts";
import type { Context } from "./context.ts";

/** `ssh`: a shell or a command in a machine; ends with the status of what it ran. */
export function addSsh(program: Command, context: Context): void {
  program
    .command("ssh")
    .description("Log in to a machine, or run a command in it and exit with its status")
    .usage("[options] [name] [command...]")
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .argument("[command...]", "options of ssh such as -L, then a command for the machine's shell")
    .option("-l, --user <user>", "log in as this user, such as root")
    .passThroughOptions()
    .action(async (name: string | undefined, command: string[], flags: { user?: string }) => {
      const { store } = context.host();
      const machine = await loadRunning(
        store,
        name ?? defaultName,
        `Error: Cannot run SSH command: Host "${name ?? defaultName}" is not running`,
      );
      const driver = driverOf(store, machine.config.DriverName);
      context.exitWith(await runSsh(driver.sshTarget(machine, flags.user), command));
    });
}
