import {
  checkConfig,
  type HostOptions,
  type MachineConfig,
  writeConfig,
  wrongKey,
} from "./config.ts";
import { type DriverName, driverSettings, type SettingsChange } from "./driver-config.ts";
import type { Machine } from "./machines.ts";

/**
 * Changes what a machine's config.json says of its driver; returns the machine as it is now. What another program
 * wrote there stays. Throws a MachineError for a key that the driver doesn't know, or a value that it can't have.
 */
export function changeDriver<N extends DriverName>(
  machine: Machine<N>,
  change: SettingsChange<N>,
): Promise<Machine> {
  const { config, files } = machine;
  const known = driverSettings[config.DriverName].partial().safeParse(change);
  if (!known.success) {
    throw wrongKey(known.error, files.config);
  }
  const value = { ...config, Driver: { ...config.Driver, ...change } };
  return withConfig(machine, checkConfig(value, files.config));
}

/** Changes what it says of the machine beside its driver. */
export function changeHostOptions(
  machine: Machine,
  change: Partial<HostOptions>,
): Promise<Machine> {
  const { config, files } = machine;
  const value = { ...config, HostOptions: { ...config.HostOptions, ...change } };
  return withConfig(machine, checkConfig(value, files.config));
}

async function withConfig(machine: Machine, config: MachineConfig): Promise<Machine> {
  await writeConfig(machine.files.config, config);
  return { ...machine, config };
}
