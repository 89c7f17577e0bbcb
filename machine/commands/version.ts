import type { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { loadRunning } from "../life/running.ts";
import { lastLine } from "../program/run.ts";
import { captureSsh } from "../ssh/session.ts";
import type { Context } from "./context.ts";

/** The version of all of boot2podman. */
export const ownVersion = packageJson.version;

const answerTimeoutMs = 120_000;

/** What `version` and `--version` print. */
export const versionText = `podman-machine version ${ownVersion}`;

/** `version`: of this program, or with a machine's name of the podman that runs there. */
export function addVersion(program: Command, context: Context): void {
  program
    .command("version")
    .description("Print the version, or that of a machine's podman")
    .argument("[name]", "name of a machine")
    .action(async (name: string | undefined) => {
      context.terminal.out(name === undefined ? versionText : await podmanVersion(context, name));
    });
}

async function podmanVersion(context: Context, name: string): Promise<string> {
  const { store } = context.host();
  const machine = await loadRunning(store, name);
  const target = driverOf(store, machine.config.DriverName).sshTarget(machine, "root");
  const result = await captureSsh(target, ["podman", "--version"], answerTimeoutMs);
  const [, version] = /^podman version (\S+)/.exec(result.stdout) ?? [];
  if (result.exitCode !== 0 || version === undefined) {
    const why = lastLine(result.stderr) || `"podman --version" ended with ${result.exitCode}`;
    throw new MachineError(`"${name}" doesn't tell the version of its podman: ${why}.`);
  }
  return version;
}
