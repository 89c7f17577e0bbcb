import type { MachineConfig } from "../store/config.ts";
import type { Driver } from "./driver.ts";
import { qemuDriver } from "./qemu/qemu-driver.ts";

/** The driver that a config names. */
export function driverOf(store: string, name: MachineConfig["DriverName"]): Driver {
  switch (name) {
    case "qemu":
      return qemuDriver(store);
  }
}
