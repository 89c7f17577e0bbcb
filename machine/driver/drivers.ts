import type { DriverName } from "../store/config.ts";
import type { Driver } from "./contract/driver.ts";
import { genericDriver } from "./generic/generic-driver.ts";
import { noneDriver } from "./none/none-driver.ts";
import { qemuDriver } from "./qemu/qemu-driver.ts";
import { virtualboxDriver } from "./virtualbox/virtualbox-driver.ts";

/** The driver that a config names. */
export function driverOf(store: string, name: DriverName): Driver {
  switch (name) {
    case "qemu":
      return qemuDriver(store);
    case "generic":
      return genericDriver();
    case "none":
      return noneDriver();
    case "virtualbox":
      return virtualboxDriver();
  }
}
