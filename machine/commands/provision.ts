import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { giveHostname } from "../life/hostname.ts";
import { introduce } from "../life/introduce.ts";
import { loadRunning } from "../life/running.ts";
import { waitUntilReady } from "../life/start.ts";
import { lastLine } from "../program/run.ts";
import { captureSsh } from "../ssh/session.ts";
import { defaultName } from "../store/name.ts";
import { nameHelp, namesOrDefault } from "./arguments.ts";
import type { Context } from "./context.ts";

const chartTimeoutMs = 120_000;

/** `provision` and what is left of `regenerate-certs`: this host is told anew of machines. */
export function addProvision(program: Command, context: Context): void {
  program
    .command("provision")
    .description("Configure podman and ssh of this host again for running machines")
    .argument("[names...]", nameHelp)
    .action(async (names: string[]) => {
      for (const name of namesOrDefault(names)) {
        await provision(context, name);
        context.terminal.out(`Machine "${name}" is provisioned.`);
      }
    });
  program
    .command("regenerate-certs")
    .description("There are no certificates: SSH keys replaced them. Does the same as provision")
    .argument("[names...]", nameHelp)
    .option("-f, --force", "without effect: nothing is asked", false)
    .option("--client-certs", "without effect", false)
    .action(async (names: string[]) => {
      for (const name of namesOrDefault(names)) {
        await provision(context, name);
        context.terminal.out(
          `Machine "${name}" has no TLS certificates to regenerate: podman is reached over SSH, with the machine's own key. Host keys and connections were set again.`,
        );
      }
    });
}

async function provision(context: Context, name: string): Promise<void> {
  const host = context.host();
  const machine = await loadRunning(host.store, name);
  await waitUntilReady(host, machine);
  await giveHostname(host, machine);
  await introduce(host, machine);
}

/** `boot-chart`: the guest's picture of its boot. */
export function addBootChart(program: Command, context: Context): void {
  program
    .command("boot-chart")
    .description("Fetch a chart of a machine's boot, as SVG")
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .option("-o, --output <file>", 'output file (default: NAME-boot.svg; "-" prints it)')
    .action(async (name = defaultName, flags: { output?: string }) => {
      const { store } = context.host();
      const machine = await loadRunning(store, name);
      const target = driverOf(store, machine.config.DriverName).sshTarget(machine, "root");
      const result = await captureSsh(target, ["boot2podman", "boot-chart"], chartTimeoutMs);
      if (result.exitCode !== 0 || !result.stdout.includes("<svg")) {
        throw new MachineError(
          `"${name}" has no chart of its boot: ${lastLine(result.stderr) || "its image knows no boot-chart"}.`,
        );
      }
      if (flags.output === "-") {
        context.terminal.write(result.stdout);
        return;
      }
      const path = resolve(flags.output ?? `${name}-boot.svg`);
      await writeFile(path, result.stdout);
      context.terminal.out(path);
    });
}
