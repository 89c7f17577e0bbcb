import type { Driver, WantedImage } from "../driver/contract/driver.ts";
import { allDrivers, driverOf } from "../driver/drivers.ts";
import { changeDriver } from "../store/change.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine, wrongDriver } from "../store/machines.ts";
import { type Host, machineLock, observeTimeoutMs } from "./host.ts";

/** What a machine boots at its next start. */
export interface ImageChoice {
  readonly id: string;
  readonly version: string;
  /** False when it runs, or would have booted, just this. */
  readonly isOther: boolean;
  readonly isRunning: boolean;
  /** Puts the machine back to the image that it booted last. */
  undo(): Promise<void>;
}

/**
 * Chooses the image that a machine boots from now on, once all of it is checked and at hand: nothing is touched
 * when it isn't whole. Throws for a machine whose driver has no choice of images.
 */
export async function chooseImage(
  host: Host,
  name: string,
  wanted: WantedImage,
): Promise<ImageChoice> {
  await loadMachine(host.store, name);
  return withLock(machineLock(host, name, "upgrade"), async () => {
    const machine = await loadMachine(host.store, name);
    const driver = driverOf(host.store, machine.config.DriverName);
    if (driver.chooseImage === undefined) {
      throw wrongDriver(
        machine,
        namesOf(host, (other) => other.chooseImage !== undefined),
      );
    }
    const { settings, wayBack, ...image } = await driver.chooseImage(machine, wanted, host.report);
    await changeDriver(machine, settings);
    const { state } = await driver.observe(machine, observeTimeoutMs);
    const undo = () =>
      withLock(machineLock(host, name, "upgrade"), async () => {
        await changeDriver(await loadMachine(host.store, name), wayBack);
      });
    return { ...image, isRunning: state === "Running", undo };
  });
}

function namesOf(host: Host, isMeant: (driver: Driver) => boolean): string {
  const drivers = [...allDrivers(host.store)];
  return drivers.flatMap(([name, driver]) => (isMeant(driver) ? [name] : [])).join(" or ");
}
