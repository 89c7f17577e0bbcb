import type { Command } from "commander";
import { podmanUser } from "../client/addresses.ts";
import { driverOf } from "../driver/drivers.ts";
import { loadRunning } from "../life/running.ts";
import { keyPath } from "../store/config.ts";
import { loadMachine, type Machine } from "../store/machines.ts";
import { renderTemplate } from "../template/render.ts";
import { nameHelp, namesOrDefault } from "./arguments.ts";
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
      .argument("[names...]", nameHelp)
      .action(async (names: string[]) => {
        for (const machineName of namesOrDefault(names)) {
          const { store } = context.host();
          const machine = needsRunning
            ? await loadRunning(store, machineName)
            : await loadMachine(store, machineName);
          for (const line of lines(machine)) {
            context.terminal.out(line);
          }
        }
      });
  add("ip", "Print the IP address of a machine", (machine) => [ipOf(machine)], true);
  const urlOf = (machine: Machine) =>
    driverOf(context.host().store, machine.config.DriverName).url(machine);
  add("url", "Print the URL of a machine", (machine) => [urlOf(machine)], true);
  add("config", "Print the connection flags of a machine", connectionFlags, false);
  program
    .command("inspect")
    .description("Print the configuration of a machine as JSON")
    .argument("[names...]", nameHelp)
    .option("-f, --format <template>", "print it with a Go template, such as '{{.Driver.SSHPort}}'")
    .option("--json", "as JSON, which is the default", false)
    .action(async (names: string[], flags: { format?: string }) => {
      for (const name of namesOrDefault(names)) {
        const { config } = await loadMachine(context.host().store, name);
        context.terminal.out(
          flags.format === undefined
            ? JSON.stringify(config, null, 4)
            : renderTemplate(flags.format, config),
        );
      }
    });
}

/** The flags that podman's bridge takes, one a line. */
export function connectionFlags(machine: Machine): string[] {
  const { SSHPort, IPAddress } = machine.config.Driver;
  const key = keyPath(machine.files.folder, machine.config);
  return [
    `--username=${podmanUser(machine)}`,
    `--host=${IPAddress === "127.0.0.1" ? "localhost" : IPAddress}`,
    `--port=${SSHPort}`,
    ...(key === undefined ? [] : [`--identity-file=${key}`]),
  ];
}

function ipOf(machine: Machine): string {
  return machine.config.Driver.IPAddress;
}
