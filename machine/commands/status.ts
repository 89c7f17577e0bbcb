import type { Command } from "commander";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { observeTimeoutMs } from "../life/host.ts";
import { listMachines } from "../life/list.ts";
import { loadMachine } from "../store/machines.ts";
import { nameHelp, namesOrDefault, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";

/** `status`: the state of machines, one word each. */
export function addStatus(program: Command, context: Context): void {
  program
    .command("status")
    .description("Print the state of machines: Running, Stopped, ...")
    .argument("[names...]", nameHelp)
    .option("--json", "as JSON", false)
    .action(async (names: string[], flags: { json: boolean }) => {
      const { store } = context.host();
      const found: { name: string; state: string; error: string }[] = [];
      for (const name of namesOrDefault(names)) {
        const machine = await loadMachine(store, name);
        const driver = driverOf(store, machine.config.DriverName);
        const { state, error } = await driver.observe(machine, observeTimeoutMs);
        found.push({ name, state, error: error ?? "" });
        if (!flags.json) {
          context.terminal.out(state);
          if (error !== undefined) {
            context.terminal.error(error);
          }
        }
      }
      if (flags.json) {
        context.terminal.out(JSON.stringify(found, null, 4));
      }
    });
}

/** `active`: the running machine that the environment names. */
export function addActive(program: Command, context: Context): void {
  program
    .command("active")
    .description("Print which machine the environment is set up for")
    .option(
      "-t, --timeout <seconds>",
      "how long to wait for each machine",
      wholeNumber(1, 3600),
      10,
    )
    .action(async (flags: { timeout: number }) => {
      const wanted = context.person.environment.PODMAN_MACHINE_NAME;
      const all = await listMachines(context.host().store, wanted, flags.timeout * 1000);
      const active = all.find((machine) => machine.active);
      if (active === undefined) {
        throw new MachineError("No active host found");
      }
      context.terminal.out(active.name);
    });
}
