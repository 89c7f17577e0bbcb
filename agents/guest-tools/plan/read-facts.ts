import type { MachineFacts } from "../../hypervisor/machine-facts.ts";
import { readMachineFacts } from "../../hypervisor/read-machine-facts.ts";
import { virtioPorts } from "../../kernel/boot-port.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { toolDevices, toolPrograms } from "../programs-and-devices.ts";

export interface GuestFacts {
  machine: MachineFacts;
  /** Named virtio-serial ports. */
  ports: readonly { name: string; path: string }[];
  /** Nodes of hypervisors' devices that are there. */
  devices: readonly string[];
  /** Programs of hypervisors that the image has. */
  programs: readonly string[];
}

/** Reads what the machine says of itself, and what is here to serve it. */
export function readFacts(kernel: Kernel): GuestFacts {
  return {
    machine: readMachineFacts(kernel),
    ports: virtioPorts(kernel),
    devices: Object.values(toolDevices).filter((path) => kernel.exists(path)),
    programs: Object.values(toolPrograms).filter((program) => kernel.exists(program)),
  };
}
