import { resolve } from "node:path";
import type { Command } from "commander";
import { driverOf } from "../driver/drivers.ts";
import { MachineError, UsageError } from "../error/machine-error.ts";
import { runAttached } from "../program/attached.ts";
import { findProgram } from "../program/find.ts";
import { loadMachine } from "../store/machines.ts";
import type { Context } from "./context.ts";
import { machineIn } from "./scp.ts";

/** `mount`: a folder of a machine on this host, by sshfs. */
export function addMount(program: Command, context: Context): void {
  program
    .command("mount")
    .description(
      "Mount a machine's folder on this host, with sshfs; for the other direction: create --volume",
    )
    .argument("<source>", "[user@]machine:path")
    .argument("[mountpoint]", "folder of this host (default: the same path)")
    .option("-u, --unmount", "unmount it", false)
    .action(async (source: string, mountpoint: string | undefined, flags: { unmount: boolean }) => {
      const name = machineIn(source);
      if (name === undefined) {
        throw new UsageError(`"${source}" is not a folder of a machine: expected MACHINE:PATH.`);
      }
      const path = source.slice(source.indexOf(":") + 1);
      const place = resolve(mountpoint ?? path);
      const { store } = context.host();
      const machine = await loadMachine(store, name);
      if (flags.unmount) {
        context.exitWith(await runAttached("fusermount", ["-u", place]));
        return;
      }
      await findSshfs();
      const target = driverOf(store, machine.config.DriverName).sshTarget(machine);
      const user = /^([^@/:]+)@/.exec(source)?.[1] ?? target.user;
      const config = machine.files.sshConfig;
      const args = ["-F", config, `${user}@${name}.podman-machine:${path}`, place];
      context.exitWith(await runAttached("sshfs", args));
    });
}

async function findSshfs(): Promise<void> {
  try {
    await findProgram("sshfs");
  } catch (error) {
    throw new MachineError(
      'Mounting a folder of a machine needs sshfs: install the package sshfs. Folders of this host are shared with a machine by "podman-machine create --volume HOST:GUEST" (or "set"), which needs nothing.',
      { cause: error },
    );
  }
}
