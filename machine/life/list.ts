import type { MachineState } from "../driver/driver.ts";
import { driverOf } from "../driver/drivers.ts";
import { Failure } from "../failure.ts";
import { loadMachine, machineNames } from "../store/machines.ts";

/** A machine in the list. */
export interface ListedMachine {
  readonly name: string;
  readonly active: boolean;
  readonly driver: string;
  readonly state: MachineState;
  /** Empty unless it runs. */
  readonly url: string;
  readonly error: string;
}

/**
 * Looks at every machine of a store, all at once. One whose config can't be read is in the list
 * with the reason.
 *
 * @param activeName the machine that the environment says is in use.
 * @param timeoutMs after which a machine that doesn't answer is listed as Timeout.
 */
export async function listMachines(
  store: string,
  activeName: string | undefined,
  timeoutMs: number,
): Promise<ListedMachine[]> {
  const names = await machineNames(store);
  return Promise.all(names.map((name) => look(store, name, activeName, timeoutMs)));
}

async function look(
  store: string,
  name: string,
  activeName: string | undefined,
  timeoutMs: number,
): Promise<ListedMachine> {
  try {
    const machine = await loadMachine(store, name);
    const { DriverName, Driver } = machine.config;
    const { state, error = "" } = await driverOf(store, DriverName).observe(machine, timeoutMs);
    const running = state === "Running";
    return {
      name,
      active: running && name === activeName,
      driver: DriverName,
      state,
      url: running ? `tcp://${Driver.IPAddress}` : "",
      error,
    };
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    return { name, active: false, driver: "", state: "Error", url: "", error: error.message };
  }
}
