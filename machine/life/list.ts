import type { MachineState } from "../driver/contract/driver.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { asMachineError } from "../error/system-failure.ts";
import { labelsOf } from "../store/config.ts";
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
  /** As `key=value`. */
  readonly labels: readonly string[];
  /** How long the look at it took. */
  readonly responseTimeMs: number;
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
  const startedMs = performance.now();
  const took = () => Math.round(performance.now() - startedMs);
  try {
    const machine = await loadMachine(store, name);
    const { DriverName } = machine.config;
    const driver = driverOf(store, DriverName);
    const { state, error = "" } = await driver.observe(machine, timeoutMs);
    const running = state === "Running";
    return {
      name,
      active: running && name === activeName,
      driver: DriverName,
      state,
      url: running ? driver.url(machine) : "",
      error,
      labels: labelsOf(machine.config),
      responseTimeMs: took(),
    };
  } catch (cause) {
    const error = asMachineError(cause);
    if (!(error instanceof MachineError)) {
      throw error;
    }
    return {
      name,
      active: false,
      driver: "",
      state: "Error",
      url: "",
      error: error.message,
      labels: [],
      responseTimeMs: took(),
    };
  }
}
