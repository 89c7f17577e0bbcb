import type { Kernel } from "../kernel/kernel.ts";
import { virtioPorts } from "../record/boot-port.ts";
import type { MachineFacts } from "./hypervisor.ts";

export interface GuestFacts {
  machine: MachineFacts;
  /** Named virtio-serial ports. */
  ports: readonly { name: string; path: string }[];
  /** Programs of hypervisors that the image has. */
  programs: readonly string[];
}

/** Programs that a plan may ask for. */
export const qemuAgentProgram = "/usr/sbin/qemu-ga";

/** Reads what the machine says of itself. */
export function readFacts(kernel: Kernel): GuestFacts {
  return {
    machine: readMachineFacts(kernel),
    ports: virtioPorts(kernel),
    programs: [qemuAgentProgram].filter((program) => kernel.exists(program)),
  };
}

function readMachineFacts(kernel: Kernel): MachineFacts {
  const text = (path: string) => (kernel.readTextIfPresent(path) ?? "").trim();
  // Properties of the device tree end with NUL, lists have one between.
  const property = (path: string) => text(path).replaceAll("\0", " ").trim();
  const dmi = (name: string) => text(`/sys/class/dmi/id/${name}`);
  return {
    dmi: {
      productName: dmi("product_name"),
      systemVendor: dmi("sys_vendor"),
      boardVendor: dmi("board_vendor"),
      biosVendor: dmi("bios_vendor"),
      productVersion: dmi("product_version"),
    },
    hypervisorType: text("/sys/hypervisor/type"),
    xenCapabilities: text("/proc/xen/capabilities"),
    deviceTreeHypervisor: property("/proc/device-tree/hypervisor/compatible"),
    deviceTreeMachine: property("/proc/device-tree/compatible"),
    cpuidSignature: "",
    cpuHasHypervisorFlag: /^flags\s*:.*\bhypervisor\b/m.test(text("/proc/cpuinfo")),
    clockSources: text("/sys/devices/system/clocksource/clocksource0/available_clocksource").split(
      /\s+/,
    ),
  };
}
