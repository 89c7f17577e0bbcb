import type { Command } from "commander";
import { driverOf } from "../driver/drivers.ts";
import { Failure } from "../failure.ts";
import { OBSERVE_TIMEOUT_MS } from "../life/host.ts";
import { keyPath } from "../store/config.ts";
import { loadMachine, type Machine } from "../store/machines.ts";
import { NAME_HELP, namesOrDefault } from "./arguments.ts";
import type { Context } from "./context.ts";

/** `ip`, `url`, `config` and `inspect`: what other programs need to reach a machine. */
export function addAddress(program: Command, context: Context): void {
  const add = (
    name: string,
    description: string,
    lines: (machine: Machine) => string[],
    needsRunning: boolean,
  ) =>
    program
      .command(name)
      .description(description)
      .argument("[names...]", NAME_HELP)
      .action(async (names: string[]) => {
        for (const machineName of namesOrDefault(names)) {
          const machine = await loadMachine(context.host().store, machineName);
          if (needsRunning) {
            await checkRunning(context, machine);
          }
          for (const line of lines(machine)) {
            context.terminal.out(line);
          }
        }
      });
  add("ip", "Print the IP address of a machine", (machine) => [ipOf(machine)], true);
  add("url", "Print the URL of a machine", (machine) => [`tcp://${ipOf(machine)}`], true);
  add("config", "Print the connection flags of a machine", connectionFlags, false);
  add("inspect", "Print the configuration of a machine as JSON", inspection, false);
}

/** The flags that podman's bridge takes, one a line. */
export function connectionFlags(machine: Machine): string[] {
  return [
    "--username=root",
    "--host=localhost",
    `--port=${machine.config.Driver.SSHPort}`,
    `--identity-file=${keyPath(machine.files.folder, machine.config)}`,
  ];
}

function inspection(machine: Machine): string[] {
  return [JSON.stringify(machine.config, null, 4)];
}

function ipOf(machine: Machine): string {
  return machine.config.Driver.IPAddress;
}

async function checkRunning(context: Context, machine: Machine): Promise<void> {
  const driver = driverOf(context.host().store, machine.config.DriverName);
  const { state } = await driver.observe(machine, OBSERVE_TIMEOUT_MS);
  if (state !== "Running") {
    throw new Failure(`Host "${machine.name}" is not running`);
  }
}
