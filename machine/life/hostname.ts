import { driverOf } from "../driver/drivers.ts";
import { lastLine } from "../program/run.ts";
import { captureSsh } from "../ssh/session.ts";
import type { Machine } from "../store/machines.ts";
import type { Host } from "./host.ts";

const timeoutMs = 60_000;
const kept = "/var/lib/boot2podman/etc";

/**
 * Gives a new machine its name as host name, unless it has it from its boot: it is told, and keeps it on its data
 * disk. A machine that can't be told works all the same, so that is a warning.
 */
export async function giveHostname(host: Host, machine: Machine): Promise<void> {
  const driver = driverOf(host.store, machine.config.DriverName);
  if (!driver.needsHostname(machine)) {
    return;
  }
  const target = driver.sshTarget(machine, "root");
  const result = await captureSsh(target, [hostnameCommand(machine.name)], timeoutMs);
  if (result.exitCode !== 0) {
    host.report.warn(
      `"${machine.name}" could not be given its host name: ${lastLine(result.stderr) || "no answer"}`,
    );
  }
}

/** For the guest's shell; a machine's name has only letters, digits, dots and dashes. */
export function hostnameCommand(name: string): string {
  return `sethostname ${name} && mkdir -p ${kept} && echo ${name} >${kept}/hostname`;
}
