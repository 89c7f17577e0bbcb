import type { Command } from "commander";
import type { NewMachine } from "../driver/contract/new-machine.ts";
import { driverOf, isDriverName } from "../driver/drivers.ts";
import { UsageError } from "../error/machine-error.ts";
import { createMachine } from "../life/create.ts";
import { giveHostname } from "../life/hostname.ts";
import { introduce } from "../life/introduce.ts";
import { waitUntilReady } from "../life/start.ts";
import type { DriverName } from "../store/driver-config.ts";
import { defaultName } from "../store/name.ts";
import { wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { addCommonFlags, type CommonFlags } from "./create-common.ts";
import {
  addOtherFlags,
  genericMachineOf,
  noneMachineOf,
  type OtherFlags,
  virtualboxMachineOf,
} from "./create-others.ts";
import { addQemuFlags, type QemuFlags, qemuMachineOf } from "./create-qemu.ts";
import { readyText } from "./start.ts";
import { declaredBy, refuseUnusedFlags } from "./unused-flags.ts";

type Flags = { driver?: string } & QemuFlags & OtherFlags & CommonFlags;

/** The drivers by their names, and what each makes of the flags. */
const machines: { readonly [N in DriverName]: (flags: Flags) => NewMachine<N> } = {
  qemu: qemuMachineOf,
  generic: genericMachineOf,
  none: noneMachineOf,
  virtualbox: virtualboxMachineOf,
};

/** `create`: makes a machine, starts it and waits until it can be used. */
export function addCreate(program: Command, context: Context): void {
  const command = program
    .command("create")
    .description("Create a machine, start it, and wait until podman answers in it")
    .argument("[name]", `name of the machine, and its host name (default: "${defaultName}")`)
    .option(
      "-d, --driver <name>",
      "what runs it: qemu, virtualbox, generic or none (MACHINE_DRIVER)",
    );
  addCommonFlags(command);
  const ofDrivers = [addQemuFlags, addOtherFlags].flatMap((add) => declaredBy(command, add));
  command
    .option("--timeout <seconds>", "how long the boot may take", wholeNumber(1, 86_400))
    .action(async (name: string | undefined, flags: Flags) => {
      const host = context.host();
      const wanted = newMachine(flags, context.person.environment.MACHINE_DRIVER);
      const { flags: used } = driverOf(host.store, wanted.driver);
      refuseUnusedFlags(command, wanted.driver, ofDrivers, used);
      const startedMs = performance.now();
      const machine = await createMachine(host, name ?? defaultName, wanted);
      const timeoutMs = flags.timeout === undefined ? undefined : flags.timeout * 1000;
      await waitUntilReady(host, machine, timeoutMs);
      await giveHostname(host, machine);
      await introduce(host, machine);
      context.terminal.out(readyText(machine.name, startedMs));
      context.terminal.out(`To connect podman to it: eval $(podman-machine env ${machine.name})`);
    });
}

function newMachine(flags: Flags, fromEnvironment: string | undefined): NewMachine {
  const implied = flags.url === "" ? "qemu" : "none";
  const driver = flags.driver ?? (fromEnvironment || implied);
  if (!isDriverName(driver)) {
    throw new UsageError(
      `Unknown driver "${driver}": the drivers are ${Object.keys(machines).join(", ")}.`,
    );
  }
  return machines[driver](flags);
}
