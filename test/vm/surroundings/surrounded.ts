import type { Identity } from "../harness/data-disk.ts";
import type { DiskOptions } from "../harness/qemu.ts";
import type { Monitor } from "../harness/qmp.ts";
import type { TestMachine } from "../harness/test-machine.ts";
import type { TimeServer } from "../harness/time-server.ts";
import type { Wire } from "../harness/wire.ts";

/** The one machine that several groups of tests share, and what is around it; filled in before the first of them runs. */
export interface Surrounded {
  identity: Identity;
  /** The data disk. */
  disk: DiskOptions;
  timeServer: TimeServer;
  /** The other end of a network in which nobody answers but the tests. */
  wire: Wire;
  machine: TestMachine;
  monitor: Monitor;
}
