import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine } from "../store/machines.ts";
import { type Host, machineLock, observeTimeoutMs } from "./host.ts";
import { settled } from "./settle.ts";

/** How long a guest may take to shut down; existing clients wait as long. */
export const stopTimeoutMs = 180_000;

/** Shuts a machine down. Returns false when it was stopped already. */
export async function stopMachine(
  host: Host,
  name: string,
  timeoutMs: number = stopTimeoutMs,
): Promise<boolean> {
  await loadMachine(host.store, name);
  return withLock(machineLock(host, name, "stop"), async () => {
    const machine = await loadMachine(host.store, name);
    const driver = driverOf(host.store, machine.config.DriverName);
    const observed = await settled(machine.files, () => driver.observe(machine, observeTimeoutMs));
    if (observed.state === "Stopped") {
      return false;
    }
    const isBroken = observed.state === "Error" || observed.state === "Timeout";
    if (isBroken && observed.canGoOn !== true) {
      throw new MachineError(`"${name}" can't be stopped: ${observed.error}.`);
    }
    host.report.line(`Stopping "${name}"...`);
    await driver.stop(machine, { timeoutMs, report: host.report });
    return true;
  });
}

/**
 * Switches a machine off at once, whatever else works on it. Returns false when it was stopped.
 */
export async function killMachine(host: Host, name: string): Promise<boolean> {
  const machine = await loadMachine(host.store, name);
  const driver = driverOf(host.store, machine.config.DriverName);
  const observed = await driver.observe(machine, observeTimeoutMs);
  if (observed.state === "Stopped") {
    return false;
  }
  await driver.kill(machine);
  return true;
}

/** Restarts a machine whose driver does that in its own way; false for all others. */
export async function restartMachine(host: Host, name: string): Promise<boolean> {
  const machine = await loadMachine(host.store, name);
  const driver = driverOf(host.store, machine.config.DriverName);
  if (driver.restart === undefined) {
    return false;
  }
  host.report.line(`Restarting "${name}"...`);
  await driver.restart(machine, { timeoutMs: stopTimeoutMs, report: host.report });
  return true;
}
