import type { Kernel } from "../kernel/kernel.ts";
import { detectHypervisor } from "./detect.ts";
import { readMachineFacts } from "./facts/read-machine-facts.ts";

/** Whether this is a virtual machine, of whatever hypervisor. "No" when nothing tells. */
export function isVirtualMachine(kernel: Kernel): boolean {
  return detectHypervisor(readMachineFacts(kernel)).hypervisor !== "none";
}
