import type { Identity } from "../harness/data-disk.ts";
import type { DiskOptions } from "../harness/qemu.ts";
import type { TestMachine } from "../harness/test-machine.ts";

/** The one machine that several groups of tests share, filled in before the first of them runs. */
export interface Booted {
  identity: Identity;
  machine: TestMachine;
  /** Port of the host that leads to the guest's 8080. */
  webPort: number;
  /** Disks of somebody else's; beside each lies a copy, NAME.before. */
  foreign: DiskOptions[];
}
