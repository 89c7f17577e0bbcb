import type { Command } from "commander";
import { dockerUrl, podmanUrl, podmanUser } from "../client/addresses.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { loadRunning } from "../life/running.ts";
import { sshArguments } from "../ssh/client.ts";
import { shellWords } from "../ssh/words.ts";
import { keyPath } from "../store/config.ts";
import type { Machine } from "../store/machines.ts";
import { defaultName } from "../store/name.ts";
import type { Context } from "./context.ts";
import { shellNamed } from "./shells.ts";

interface Flags {
  shell?: string;
  unset: boolean;
  proxy: boolean;
  varlink: boolean;
  json: boolean;
}

/** `env`: commands for a shell that connect podman, docker, and what reads PODMAN_*, to a machine. */
export function addEnv(program: Command, context: Context): void {
  program
    .command("env")
    .description("Print the commands that set up a shell's environment for a machine")
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .option("--shell <shell>", "bash, zsh, sh, fish, tcsh, powershell, cmd or emacs")
    .option("-u, --unset", "print the commands that undo it", false)
    .option("--no-proxy", "add the machine's address to NO_PROXY")
    .option("--varlink", "the bridge for clients of Podman 1 and others that speak Varlink", false)
    .option("--json", "the variables as JSON", false)
    .action(async (name: string | undefined, flags: Flags) => {
      const { environment } = context.person;
      const shell = shellNamed(flags.shell ?? environment.SHELL ?? "sh");
      const words = ["podman-machine", "env", ...hintFlags(flags)];
      if (flags.unset && name !== undefined) {
        throw new MachineError("Error: Expected no machine name when the -u flag is present");
      }
      if (flags.unset) {
        const names = flags.proxy ? allVariables : [...allVariables, ...proxyNames(environment)];
        print(
          context,
          names.map((variable) => shell.unset(variable)),
        );
        print(context, shell.hint([...words, "-u"].join(" ")));
        return;
      }
      const machine = await loadRunning(context.host().store, name ?? defaultName);
      const values: Record<string, string> = {
        ...(flags.varlink ? varlinkVariables(context, machine) : environmentOf(machine)),
        ...(flags.proxy ? {} : withoutProxy(environment, machine.config.Driver.IPAddress)),
      };
      if (flags.json) {
        context.terminal.out(JSON.stringify(values, null, 4));
        return;
      }
      print(
        context,
        Object.entries(values).map(([variable, value]) => shell.set(variable, value)),
      );
      print(context, shell.hint([...words, machine.name].join(" ")));
    });
}

function hintFlags(flags: Flags): string[] {
  return [
    ...(flags.shell === undefined ? [] : ["--shell", flags.shell]),
    ...(flags.varlink ? ["--varlink"] : []),
    ...(flags.proxy ? [] : ["--no-proxy"]),
  ];
}

/** Everything that the command sets in one case or another. */
const allVariables = [
  "PODMAN_USER",
  "PODMAN_HOST",
  "PODMAN_PORT",
  "PODMAN_IDENTITY_FILE",
  "PODMAN_IGNORE_HOSTS",
  "PODMAN_MACHINE_NAME",
  "PODMAN_VARLINK_BRIDGE",
  "CONTAINER_HOST",
  "CONTAINER_SSHKEY",
  "DOCKER_HOST",
] as const;

/**
 * The values for a machine: PODMAN_ ones for podman's older bridge, CONTAINER_ ones for today's
 * podman, DOCKER_HOST for docker's clients.
 */
export function environmentOf(machine: Machine): Record<string, string> {
  const { SSHPort, IPAddress } = machine.config.Driver;
  const key = keyPath(machine.files.folder, machine.config);
  return {
    PODMAN_USER: podmanUser(machine),
    PODMAN_HOST: IPAddress === "127.0.0.1" ? "localhost" : IPAddress,
    PODMAN_PORT: String(SSHPort),
    ...(key === undefined ? {} : { PODMAN_IDENTITY_FILE: key }),
    PODMAN_IGNORE_HOSTS: "true",
    PODMAN_MACHINE_NAME: machine.name,
    CONTAINER_HOST: podmanUrl(machine),
    ...(key === undefined ? {} : { CONTAINER_SSHKEY: key }),
    DOCKER_HOST: dockerUrl(machine),
  };
}

/** What clients of Podman 1 read: a command that speaks Varlink on its standard input and output. */
function varlinkVariables(context: Context, machine: Machine): Record<string, string> {
  const driver = driverOf(context.host().store, machine.config.DriverName);
  const target = driver.sshTarget(machine, podmanUser(machine));
  const bridge = ["ssh", "-T", ...sshArguments(target, ["varlink", "bridge"])];
  return { PODMAN_VARLINK_BRIDGE: shellWords(bridge), PODMAN_MACHINE_NAME: machine.name };
}

/** Which of the two spellings a person uses; the small one when neither is there. */
function proxyNames(environment: Context["person"]["environment"]): string[] {
  const used = ["no_proxy", "NO_PROXY"].filter((name) => environment[name] !== undefined);
  return used.length === 0 ? ["no_proxy"] : used;
}

function withoutProxy(
  environment: Context["person"]["environment"],
  address: string,
): Record<string, string> {
  return Object.fromEntries(
    proxyNames(environment).map((name) => {
      const hosts = (environment[name] ?? "").split(",").filter((host) => host !== "");
      return [name, (hosts.includes(address) ? hosts : [...hosts, address]).join(",")];
    }),
  );
}

function print(context: Context, lines: readonly string[]): void {
  for (const line of lines) {
    context.terminal.out(line);
  }
}
