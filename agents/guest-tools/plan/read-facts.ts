import { readMachineFacts } from "../../hypervisor/facts/read-machine-facts.ts";
import { namedHypervisors } from "../../hypervisor/hypervisors.ts";
import type { GuestFacts } from "../../hypervisor/plan/guest-plan.ts";
import { virtioPorts } from "../../kernel/boot-port.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** Of several hypervisors; nothing here serves it, it is observed for people. */
const vsockDevice = "/dev/vsock";

/** Programs by which hypervisors may be served. */
export const knownPrograms = namedHypervisors.flatMap(([, { programs = [] }]) => programs);
/** Nodes of hypervisors' devices. */
export const knownDevices = [
  ...namedHypervisors.flatMap(([, { devices = [] }]) => devices),
  vsockDevice,
];

/** Reads what the machine says of itself, and what is here to serve it. */
export function readFacts(kernel: Kernel): GuestFacts {
  return {
    machine: readMachineFacts(kernel),
    ports: virtioPorts(kernel),
    devices: knownDevices.filter((path) => kernel.exists(path)),
    programs: knownPrograms.filter((program) => kernel.exists(program)),
  };
}
