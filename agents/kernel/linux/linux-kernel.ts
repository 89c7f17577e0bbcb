import type { Kernel } from "../kernel.ts";
import { linuxBlockDevices } from "./linux-block-devices.ts";
import { linuxClocks } from "./linux-clocks.ts";
import { linuxDevices } from "./linux-devices.ts";
import { linuxEvents } from "./linux-events.ts";
import { linuxFiles } from "./linux-files.ts";
import { linuxMachine } from "./linux-machine.ts";
import { linuxMounts } from "./linux-mounts.ts";
import { linuxNetwork } from "./linux-network.ts";
import { linuxProcesses } from "./linux-processes.ts";
import { linuxSockets } from "./listening-socket.ts";

/** The door to the running Linux. */
export const linuxKernel: Kernel = {
  ...linuxFiles,
  ...linuxMounts,
  ...linuxBlockDevices,
  ...linuxProcesses,
  ...linuxSockets,
  ...linuxMachine,
  ...linuxNetwork,
  ...linuxClocks,
  ...linuxDevices,
  ...linuxEvents,
};
