import type { Kernel } from "../../kernel/kernel.ts";
import { virtioPorts } from "../../record/boot-port.ts";
import type { MachineFacts } from "../detect/machine-facts.ts";
import { readMachineFacts } from "../detect/read-machine-facts.ts";
import { qemuAgentProgram } from "./qemu-agent.ts";

export interface GuestFacts {
  machine: MachineFacts;
  /** Named virtio-serial ports. */
  ports: readonly { name: string; path: string }[];
  /** Nodes of hypervisors' devices that are there. */
  devices: readonly string[];
  /** Programs of hypervisors that the image has. */
  programs: readonly string[];
}

/** Programs that a plan may ask for. */
export const toolPrograms = {
  qemuAgent: qemuAgentProgram,
  vmtoolsd: "/usr/bin/vmtoolsd",
  vmhgfs: "/usr/bin/vmhgfs-fuse",
  hvKvp: "/usr/sbin/hv_kvp_daemon",
  hvVss: "/usr/sbin/hv_vss_daemon",
  prltoolsd: "/usr/bin/prltoolsd",
} as const;

const deviceNodes = [
  ...["/dev/vboxguest", "/dev/vmbus/hv_kvp", "/dev/vmbus/hv_vss", "/dev/xen/xenbus", "/dev/vsock"],
];

/** Reads what the machine says of itself, and what is here to serve it. */
export function readFacts(kernel: Kernel): GuestFacts {
  return {
    machine: readMachineFacts(kernel),
    ports: virtioPorts(kernel),
    devices: deviceNodes.filter((path) => kernel.exists(path)),
    programs: Object.values(toolPrograms).filter((program) => kernel.exists(program)),
  };
}
