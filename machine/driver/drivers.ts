import type { DriverName } from "../store/driver-config.ts";
import type { Driver } from "./contract/driver.ts";
import { genericDriver } from "./generic/generic-driver.ts";
import { noneDriver } from "./none/none-driver.ts";
import { qemuDriver } from "./qemu/qemu-driver.ts";
import { virtualboxDriver } from "./virtualbox/virtualbox-driver.ts";

/** All drivers, each for the machines of a store. */
const drivers: { readonly [N in DriverName]: (store: string) => Driver<N> } = {
  qemu: qemuDriver,
  generic: genericDriver,
  none: noneDriver,
  virtualbox: virtualboxDriver,
};

/** The driver that a config names. */
export function driverOf(store: string, name: DriverName): Driver {
  return drivers[name](store);
}

/** All drivers by their names. */
export function allDrivers(store: string): ReadonlyMap<DriverName, Driver> {
  const names = Object.keys(drivers).filter(isDriverName);
  return new Map(names.map((name) => [name, driverOf(store, name)]));
}

/** Whether there is a driver of that name. */
export function isDriverName(name: string): name is DriverName {
  return Object.hasOwn(drivers, name);
}
