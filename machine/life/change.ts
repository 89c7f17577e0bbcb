import type { Driver, WantedSettings } from "../driver/contract/driver.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { changeDriver, changeHostOptions } from "../store/change.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine, type Machine } from "../store/machines.ts";
import { type Host, machineLock, observeTimeoutMs } from "./host.ts";
import { settled } from "./settle.ts";

/** What changes of a machine; what isn't there stays. */
export interface Change {
  readonly settings: WantedSettings;
  readonly rootful?: boolean | undefined;
  /** As `key=value`. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * Changes a stopped machine. Returns a line for everything that is different now. Throws, and changes nothing, for a
 * machine that runs, for what its driver makes no use of, and for a disk that would become smaller.
 */
export async function changeMachine(host: Host, name: string, change: Change): Promise<string[]> {
  await loadMachine(host.store, name);
  return withLock(machineLock(host, name, "set"), async () => {
    const machine = await loadMachine(host.store, name);
    const driver = driverOf(host.store, machine.config.DriverName);
    const settings = driver.settingsFor(machine, change.settings);
    const { state } = await settled(machine.files, () => driver.observe(machine, observeTimeoutMs));
    if (state !== "Stopped") {
      throw new MachineError(
        `"${name}" is not stopped (${state}): stop it first with "podman-machine stop ${name}".`,
      );
    }
    await growDisk(driver, machine, change.settings.DiskSize);
    const changed = await changeDriver(machine, settings);
    const { EngineOptions } = changed.config.HostOptions;
    await changeHostOptions(changed, {
      ...(change.rootful === undefined ? {} : { Rootful: change.rootful }),
      ...(change.labels === undefined
        ? {}
        : { EngineOptions: { ...EngineOptions, Labels: [...change.labels] } }),
    });
    return [`Machine "${name}" was changed, from the next start on.`];
  });
}

/** A disk can only grow: what lies at its end would be cut off. */
async function growDisk(
  driver: Driver,
  machine: Machine,
  sizeMib: number | undefined,
): Promise<void> {
  const { Driver } = machine.config;
  const before = "DiskSize" in Driver ? Driver.DiskSize : undefined;
  if (sizeMib === undefined || sizeMib === before) {
    return;
  }
  if (before !== undefined && sizeMib < before) {
    throw new MachineError(
      `The disk of "${machine.name}" has ${before} MiB and can only grow: nothing was changed.`,
    );
  }
  await driver.growDisk?.(machine, sizeMib);
}
