import type { BlockDevices, Locks } from "./block-devices.ts";
import type { Clocks } from "./clocks.ts";
import type { Devices } from "./devices.ts";
import type { Events, Sockets } from "./events.ts";
import type { Files } from "./files.ts";
import type { Machine } from "./machine.ts";
import type { Mounts } from "./mounts.ts";
import type { Network } from "./network.ts";
import type { Processes } from "./processes.ts";

/**
 * The one door through which the agents see and change the system.
 *
 * `linuxKernel` of ./linux/linux-kernel.ts gives the real one; tests hand in `FakeKernel`. All its refusals
 * are KernelErrors. What lies in RAM or in the kernel is synchronous; programs and waiting are promises.
 */
export interface Kernel
  extends Files,
    Mounts,
    BlockDevices,
    Locks,
    Processes,
    Events,
    Sockets,
    Network,
    Clocks,
    Devices,
    Machine {}
