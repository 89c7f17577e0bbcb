import { detectHypervisor } from "../guest-tools/detect/hypervisor.ts";
import { readMachineFacts } from "../guest-tools/detect/read-machine-facts.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** Whether this is a virtual machine, of whatever hypervisor. "No" when nothing tells. */
export function isVirtualMachine(kernel: Kernel): boolean {
  return detectHypervisor(readMachineFacts(kernel)).hypervisor !== "none";
}
