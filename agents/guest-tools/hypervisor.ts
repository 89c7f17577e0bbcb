export type Hypervisor =
  | "qemu"
  | "kvm"
  | "virtualbox"
  | "vmware"
  | "hyper-v"
  | "parallels"
  | "xen"
  | "apple"
  | "amazon"
  | "google"
  | "bhyve"
  | "unknown"
  | "none";

/** What the machine says of itself; empty where it says nothing. */
export interface MachineFacts {
  dmi: {
    productName: string;
    systemVendor: string;
    boardVendor: string;
    biosVendor: string;
    productVersion: string;
  };
  /** /sys/hypervisor/type: "xen" */
  hypervisorType: string;
  /** /proc/xen/capabilities: "control_d" in Xen's own first domain, which is no guest. */
  xenCapabilities: string;
  /** compatible of /hypervisor in the device tree: "linux,kvm", "xen,xen", "vmware" */
  deviceTreeHypervisor: string;
  /** compatible of the device tree's root: "linux,dummy-virt" */
  deviceTreeMachine: string;
  /** Signature of CPUID leaf 0x40000000: "KVMKVMKVM", "TCGTCGTCGTCG"; empty where it can't be read. */
  cpuidSignature: string;
  /** The flag "hypervisor" of /proc/cpuinfo: some hypervisor is below us. */
  cpuHasHypervisorFlag: boolean;
  /** Clock sources of the kernel: "kvm-clock", "hyperv_clocksource_tsc_page", "xen" */
  clockSources: readonly string[];
}

export interface Detection {
  hypervisor: Hypervisor;
  /** What told: "DMI product name \"VirtualBox\"". */
  by: string;
}

/**
 * Starts of DMI strings. The order matters: "Amazon EC2" and "OpenStack" stand before what they run on.
 * Real hardware of Microsoft, Apple and Oracle has the same vendor as their hypervisors, so that those are told
 * by what only the virtual machine says.
 */
const dmiStarts: readonly (readonly [start: string, hypervisor: Hypervisor])[] = [
  ["KVM", "kvm"],
  ["OpenStack", "kvm"],
  ["KubeVirt", "kvm"],
  ["Amazon EC2", "amazon"],
  ["Google Compute Engine", "google"],
  ["QEMU", "qemu"],
  ["VMware", "vmware"],
  ["VMW", "vmware"],
  ["innotek GmbH", "virtualbox"],
  ["VirtualBox", "virtualbox"],
  ["Xen", "xen"],
  ["HVM domU", "xen"],
  ["Bochs", "qemu"],
  ["Parallels", "parallels"],
  ["BHYVE", "bhyve"],
  ["Hyper-V", "hyper-v"],
  ["Apple Virtualization", "apple"],
];

/** CPUID leaf 0x40000000, twelve characters padded with NUL. */
const cpuidSignatures: Readonly<Record<string, Hypervisor>> = {
  XenVMMXenVMM: "xen",
  KVMKVMKVM: "kvm",
  "Linux KVM Hv": "kvm",
  TCGTCGTCGTCG: "qemu",
  VMwareVMware: "vmware",
  "Microsoft Hv": "hyper-v",
  "bhyve bhyve ": "bhyve",
  "prl hyperv  ": "parallels",
  " lrpepyh  vr": "parallels",
  VBoxVBoxVBox: "virtualbox",
};

/**
 * Tells on which hypervisor we are, in the order that systemd's detection found to work: DMI (the product name
 * before the vendors) where it names a product that may sit on KVM or Hyper-V itself, then CPUID, Xen, the
 * device tree, the kernel's clocks, and at last the bare flag of the CPU.
 */
export function detectHypervisor(facts: MachineFacts): Detection {
  return (
    byDmi(facts) ??
    byCpuid(facts.cpuidSignature) ??
    byXen(facts) ??
    byDeviceTree(facts) ??
    byClock(facts) ??
    (facts.cpuHasHypervisorFlag
      ? { hypervisor: "unknown", by: "the CPU's hypervisor flag" }
      : { hypervisor: "none", by: "nothing that tells of a hypervisor" })
  );
}

function byDmi({ dmi }: MachineFacts): Detection | undefined {
  const fields = [
    ["product name", dmi.productName],
    ["system vendor", dmi.systemVendor],
    ["board vendor", dmi.boardVendor],
    ["BIOS vendor", dmi.biosVendor],
    ["product version", dmi.productVersion],
  ] as const;
  for (const [field, text] of fields) {
    const hypervisor = dmiStarts.find(([start]) => text.startsWith(start))?.[1];
    if (hypervisor !== undefined) return { hypervisor, by: `DMI ${field} ${JSON.stringify(text)}` };
  }
  const isHyperV =
    dmi.systemVendor === "Microsoft Corporation" && dmi.productName === "Virtual Machine";
  return isHyperV ? { hypervisor: "hyper-v", by: "DMI product of Microsoft" } : undefined;
}

function byCpuid(signature: string): Detection | undefined {
  const hypervisor = cpuidSignatures[signature.replace(/\0+$/, "")];
  const by = `CPUID signature ${JSON.stringify(signature)}`;
  return hypervisor === undefined ? undefined : { hypervisor, by };
}

function byXen({ hypervisorType, xenCapabilities }: MachineFacts): Detection | undefined {
  if (hypervisorType !== "xen") return undefined;
  if (xenCapabilities.includes("control_d")) {
    return { hypervisor: "none", by: "the control domain of Xen" };
  }
  return { hypervisor: "xen", by: "/sys/hypervisor/type" };
}

function byDeviceTree(facts: MachineFacts): Detection | undefined {
  const { deviceTreeHypervisor, deviceTreeMachine } = facts;
  const by = `device tree ${JSON.stringify(deviceTreeHypervisor || deviceTreeMachine)}`;
  if (deviceTreeHypervisor === "linux,kvm") return { hypervisor: "kvm", by };
  if (deviceTreeHypervisor.includes("xen")) return { hypervisor: "xen", by };
  if (deviceTreeHypervisor.includes("vmware")) return { hypervisor: "vmware", by };
  if (deviceTreeMachine.includes("dummy-virt")) return { hypervisor: "qemu", by };
  return undefined;
}

function byClock({ clockSources }: MachineFacts): Detection | undefined {
  const by = (clock: string) => `clock source ${clock}`;
  for (const clock of clockSources) {
    // Firecracker has no DMI; its guests know KVM by the clock alone.
    if (clock === "kvm-clock") return { hypervisor: "kvm", by: by(clock) };
    if (clock.startsWith("hyperv_clocksource")) return { hypervisor: "hyper-v", by: by(clock) };
    if (clock === "xen") return { hypervisor: "xen", by: by(clock) };
  }
  return undefined;
}
