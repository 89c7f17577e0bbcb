import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine, wrongDriver } from "../store/machines.ts";
import { type Host, machineLock, observeTimeoutMs } from "./host.ts";
import { settled } from "./settle.ts";

/** Holds a machine that runs. Gives false when it was held already. */
export function pauseMachine(host: Host, name: string): Promise<boolean> {
  return change(host, name, "pause");
}

/** Lets a machine go on that is held. Gives false when it runs. */
export function resumeMachine(host: Host, name: string): Promise<boolean> {
  return change(host, name, "resume");
}

async function change(host: Host, name: string, verb: "pause" | "resume"): Promise<boolean> {
  await loadMachine(host.store, name);
  return withLock(machineLock(host, name, verb), async () => {
    const machine = await loadMachine(host.store, name);
    const driver = driverOf(host.store, machine.config.DriverName);
    const work = driver[verb];
    if (work === undefined) {
      throw wrongDriver(machine, "machines that can be held from here");
    }
    const observed = await settled(machine.files, () => driver.observe(machine, observeTimeoutMs));
    if (observed.state === (verb === "pause" ? "Paused" : "Running")) {
      return false;
    }
    if (verb === "pause" ? observed.state !== "Running" : observed.canGoOn !== true) {
      throw new MachineError(
        `"${name}" can't be ${verb === "pause" ? "paused" : "resumed"}, its state is ${observed.state}${observed.error === undefined ? "" : `: ${observed.error}`}.`,
      );
    }
    await work.call(driver, machine);
    return true;
  });
}
