/** Names that the firmware gives the machine (/sys/class/dmi/id). */
export interface DmiFacts {
  productName: string;
  systemVendor: string;
  boardVendor: string;
  biosVendor: string;
  productVersion: string;
}

/** What the machine says of itself; empty where it says nothing. */
export interface MachineFacts {
  dmi: DmiFacts;
  /** Signatures of CPUID leaves 0x40000000, 0x40000100 …, padding taken off: "KVMKVMKVM", "Microsoft Hv". */
  cpuidSignatures: readonly string[];
  /** The CPU's flag "hypervisor": some hypervisor is below us. x86 only. */
  cpuHasHypervisorFlag: boolean;
  /** /sys/hypervisor/type: "xen" */
  hypervisorType: string;
  /** /proc/xen/capabilities: "control_d" in Xen's own first domain, which is no guest. */
  xenCapabilities: string;
  /** compatible of /hypervisor in the device tree: "linux,kvm", "xen,xen", "vmware" */
  deviceTreeHypervisor: string;
  /** compatible of the device tree's root: "linux,dummy-virt" */
  deviceTreeMachine: string;
  /** The device tree has QEMU's configuration device. */
  deviceTreeHasFwCfg: boolean;
  /** Clock sources of the kernel: "kvm-clock", "hyperv_clocksource_tsc_page", "xen" */
  clockSources: readonly string[];
  /** The firmware's tables say "this is a virtual machine" (SMBIOS type 0, extension byte 2, bit 4). */
  smbiosSaysVirtual: boolean;
}

/** A machine that tells nothing. */
export const noMachineFacts: MachineFacts = {
  dmi: { productName: "", systemVendor: "", boardVendor: "", biosVendor: "", productVersion: "" },
  cpuidSignatures: [],
  cpuHasHypervisorFlag: false,
  hypervisorType: "",
  xenCapabilities: "",
  deviceTreeHypervisor: "",
  deviceTreeMachine: "",
  deviceTreeHasFwCfg: false,
  clockSources: [],
  smbiosSaysVirtual: false,
};
