import { checkConfig, type MachineConfig, writeConfig } from "./config.ts";
import type { Machine } from "./machines.ts";

/** Changes what a machine's config.json says of its driver; returns the machine as it is now. */
export function changeDriver(
  machine: Machine,
  change: Readonly<Record<string, unknown>>,
): Promise<Machine> {
  const { config, files } = machine;
  const value = { ...config, Driver: { ...config.Driver, ...change } };
  return withConfig(machine, checkConfig(value, files.config));
}

/** Changes what it says of the machine beside its driver. */
export function changeHostOptions(
  machine: Machine,
  change: Partial<MachineConfig["HostOptions"]>,
): Promise<Machine> {
  const { config, files } = machine;
  const value = { ...config, HostOptions: { ...config.HostOptions, ...change } };
  return withConfig(machine, checkConfig(value, files.config));
}

async function withConfig(machine: Machine, config: MachineConfig): Promise<Machine> {
  await writeConfig(machine.files.config, config);
  return { ...machine, config };
}
