import type { Command } from "commander";
import { driverOf } from "../driver/drivers.ts";
import { Failure } from "../failure.ts";
import { OBSERVE_TIMEOUT_MS } from "../life/host.ts";
import { keyPath } from "../store/config.ts";
import { loadMachine, type Machine } from "../store/machines.ts";
import { DEFAULT_NAME } from "../store/name.ts";
import type { Context } from "./context.ts";
import { shellNamed } from "./shells.ts";

interface Flags {
  shell?: string;
  unset: boolean;
}

/** `env`: commands for a shell that connect podman, and what reads PODMAN_*, to a machine. */
export function addEnv(program: Command, context: Context): void {
  program
    .command("env")
    .description("Print the commands that set up a shell's environment for a machine")
    .argument("[name]", `name of the machine (default: "${DEFAULT_NAME}")`)
    .option("--shell <shell>", "bash, zsh, sh, fish, tcsh, powershell, cmd or emacs")
    .option("-u, --unset", "print the commands that undo it", false)
    .action(async (name: string | undefined, flags: Flags) => {
      const shell = shellNamed(flags.shell ?? context.terminal.environment.SHELL ?? "sh");
      const words = ["podman-machine", "env", ...(flags.shell ? ["--shell", flags.shell] : [])];
      if (flags.unset) {
        print(
          context,
          VARIABLES.map((variable) => shell.unset(variable)),
        );
        print(context, shell.hint([...words, "-u"].join(" ")));
        return;
      }
      const machine = await loadRunning(context, name ?? DEFAULT_NAME);
      const values = environmentOf(machine);
      print(
        context,
        VARIABLES.map((variable) => shell.set(variable, values[variable])),
      );
      print(context, shell.hint([...words, machine.name].join(" ")));
    });
}

/** The PODMAN_ ones are for podman's bridge, the others for today's podman. */
const VARIABLES = [
  "PODMAN_USER",
  "PODMAN_HOST",
  "PODMAN_PORT",
  "PODMAN_IDENTITY_FILE",
  "PODMAN_IGNORE_HOSTS",
  "PODMAN_MACHINE_NAME",
  "CONTAINER_HOST",
  "CONTAINER_SSHKEY",
] as const;

/** The values for a machine. */
export function environmentOf(machine: Machine): Record<(typeof VARIABLES)[number], string> {
  const port = machine.config.Driver.SSHPort;
  const key = keyPath(machine.files.folder, machine.config);
  return {
    PODMAN_USER: "root",
    PODMAN_HOST: "localhost",
    PODMAN_PORT: String(port),
    PODMAN_IDENTITY_FILE: key,
    PODMAN_IGNORE_HOSTS: "true",
    PODMAN_MACHINE_NAME: machine.name,
    CONTAINER_HOST: podmanUrl(machine),
    CONTAINER_SSHKEY: key,
  };
}

/** Where podman's remote client finds a machine's podman. */
export function podmanUrl(machine: Machine): string {
  const { IPAddress, SSHPort } = machine.config.Driver;
  return `ssh://root@${IPAddress}:${SSHPort}/run/podman/podman.sock`;
}

async function loadRunning(context: Context, name: string): Promise<Machine> {
  const { store } = context.host();
  const machine = await loadMachine(store, name);
  const driver = driverOf(store, machine.config.DriverName);
  const { state } = await driver.observe(machine, OBSERVE_TIMEOUT_MS);
  if (state !== "Running") {
    throw new Failure(
      `Host "${name}" is not running: start it with "podman-machine start ${name}".`,
    );
  }
  return machine;
}

function print(context: Context, lines: readonly string[]): void {
  for (const line of lines) {
    context.terminal.out(line);
  }
}
