import type { MachineFacts } from "./machine-facts.ts";

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
  ["CloudStack KVM", "kvm"],
  ["RHEV Hypervisor", "kvm"],
  ["oVirt", "kvm"],
  ["Nutanix", "kvm"],
  ["Cloud Hypervisor", "kvm"],
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

const cpuidSignatures: Readonly<Record<string, Hypervisor>> = {
  XenVMMXenVMM: "xen",
  KVMKVMKVM: "kvm",
  "Linux KVM Hv": "kvm",
  TCGTCGTCGTCG: "qemu",
  VMwareVMware: "vmware",
  "bhyve bhyve ": "bhyve",
  "prl hyperv  ": "parallels",
  " lrpepyh  vr": "parallels",
  VBoxVBoxVBox: "virtualbox",
  "Microsoft Hv": "hyper-v",
};

/** They sit on KVM or Xen, or imitate Hyper-V to the CPU: their own name in DMI is the better one. */
const dmiKnowsBetter: ReadonlySet<Hypervisor> = new Set([
  ...(["virtualbox", "parallels", "xen", "amazon", "google"] as const),
]);

/**
 * Tells on which hypervisor we are, in the order that systemd's detection found to work: the names in DMI that
 * are better than what the CPU says, Xen, the CPU's signature, all other names in DMI (the product before the
 * vendors), the device tree, the kernel's clocks, the firmware's mark, and at last the bare flag of the CPU.
 */
export function detectHypervisor(facts: MachineFacts): Detection {
  const dmi = byDmi(facts);
  if (isBareMetalCloud(facts)) {
    return { hypervisor: "none", by: "bare metal of a cloud" };
  }
  if (dmi !== undefined && dmiKnowsBetter.has(dmi.hypervisor)) {
    return dmi;
  }
  return (
    byXen(facts) ??
    byCpuid(facts.cpuidSignatures, dmi) ??
    dmi ??
    byDeviceTree(facts) ??
    byClock(facts) ??
    byMark(facts)
  );
}

/** Amazon's and Google's machines without a hypervisor have their names in DMI all the same. */
function isBareMetalCloud({ dmi, cpuHasHypervisorFlag, smbiosSaysVirtual }: MachineFacts): boolean {
  if (cpuHasHypervisorFlag || smbiosSaysVirtual) {
    return false;
  }
  return dmi.systemVendor === "Amazon EC2" && /\.metal(-|$)/.test(dmi.productName);
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
    if (hypervisor !== undefined) {
      return { hypervisor, by: `DMI ${field} ${JSON.stringify(text)}` };
    }
  }
  const isHyperV =
    dmi.systemVendor === "Microsoft Corporation" && dmi.productName === "Virtual Machine";
  return isHyperV ? { hypervisor: "hyper-v", by: "DMI product of Microsoft" } : undefined;
}

/**
 * KVM and Xen imitate Hyper-V to speed Windows up, and then show their own signature further up or not at all: so
 * Hyper-V's counts last, and only where DMI names nobody else. KVM's says nothing of the machine around it.
 */
function byCpuid(signatures: readonly string[], dmi: Detection | undefined): Detection | undefined {
  const known = signatures.flatMap((signature) => {
    const hypervisor = cpuidSignatures[signature];
    const by = `CPUID signature ${JSON.stringify(signature)}`;
    return hypervisor === undefined ? [] : [{ hypervisor, by }];
  });
  const told = known.find(({ hypervisor }) => hypervisor !== "hyper-v") ?? known[0];
  if (told === undefined || dmi === undefined) {
    return told;
  }
  if (told.hypervisor === "hyper-v") {
    return dmi.hypervisor === "hyper-v" ? told : dmi;
  }
  return told.hypervisor === "kvm" && dmi.hypervisor === "qemu" ? dmi : told;
}

function byXen({ hypervisorType, xenCapabilities }: MachineFacts): Detection | undefined {
  if (hypervisorType !== "xen") {
    return undefined;
  }
  if (xenCapabilities.includes("control_d")) {
    return { hypervisor: "none", by: "the control domain of Xen" };
  }
  return { hypervisor: "xen", by: "/sys/hypervisor/type" };
}

function byDeviceTree(facts: MachineFacts): Detection | undefined {
  const { deviceTreeHypervisor, deviceTreeMachine, deviceTreeHasFwCfg } = facts;
  const by = `device tree ${JSON.stringify(deviceTreeHypervisor || deviceTreeMachine)}`;
  if (deviceTreeHypervisor === "linux,kvm") {
    return { hypervisor: "kvm", by };
  }
  if (deviceTreeHypervisor.includes("xen")) {
    return { hypervisor: "xen", by };
  }
  if (deviceTreeHypervisor.includes("vmware")) {
    return { hypervisor: "vmware", by };
  }
  if (deviceTreeHasFwCfg) {
    return { hypervisor: "qemu", by: "device tree: QEMU's fw-cfg" };
  }
  // Firecracker, crosvm and others use QEMU's name for such a machine.
  if (deviceTreeMachine.includes("dummy-virt")) {
    return { hypervisor: "kvm", by };
  }
  return undefined;
}

function byClock({ clockSources }: MachineFacts): Detection | undefined {
  const by = (clock: string) => `clock source ${clock}`;
  for (const clock of clockSources) {
    if (clock === "kvm-clock") {
      return { hypervisor: "kvm", by: by(clock) };
    }
    if (clock.startsWith("hyperv_clocksource")) {
      return { hypervisor: "hyper-v", by: by(clock) };
    }
    if (clock === "xen") {
      return { hypervisor: "xen", by: by(clock) };
    }
  }
  return undefined;
}

function byMark(facts: MachineFacts): Detection {
  if (facts.cpuHasHypervisorFlag) {
    return { hypervisor: "unknown", by: "the CPU's hypervisor flag" };
  }
  if (facts.smbiosSaysVirtual) {
    return { hypervisor: "unknown", by: "SMBIOS's mark" };
  }
  return { hypervisor: "none", by: "nothing that tells of a hypervisor" };
}
