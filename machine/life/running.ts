import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { loadMachine, type Machine } from "../store/machines.ts";
import { observeTimeoutMs } from "./host.ts";

/**
 * Loads a machine that has to be running.
 *
 * @param refusal what is said when it isn't; scripts know some commands by words of their own.
 */
export async function loadRunning(
  store: string,
  name: string,
  refusal: string = `Host is not running: start it with "podman-machine start ${name}".`,
): Promise<Machine> {
  const machine = await loadMachine(store, name);
  const driver = driverOf(store, machine.config.DriverName);
  const { state, error } = await driver.observe(machine, observeTimeoutMs);
  if (state !== "Running") {
    throw new MachineError(error === undefined ? refusal : `${refusal} (${state}: ${error})`);
  }
  return machine;
}
