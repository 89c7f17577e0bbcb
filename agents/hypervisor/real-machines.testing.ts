import { type MachineFacts, noMachineFacts } from "./facts/machine-facts.ts";
import { type RealMachine, realClouds } from "./real-clouds.testing.ts";

const kvm = "KVMKVMKVM";
const tcg = "TCGTCGTCGTCG";
const hyperV = "Microsoft Hv";
const ami = "American Megatrends Inc.";
const arm = { cpuHasHypervisorFlag: false };
const kvmClock = { clockSources: ["kvm-clock", "tsc", "acpi_pm"] };

export const realMachines: readonly RealMachine[] = [
  // QEMU, by emulation and by KVM
  {
    name: "QEMU q35, TCG",
    dmi: ["Standard PC (Q35 + ICH9, 2009)", "QEMU", "SeaBIOS"],
    cpuid: [tcg],
    is: "qemu",
  },
  {
    name: "QEMU q35, KVM",
    dmi: ["Standard PC (Q35 + ICH9, 2009)", "QEMU", "SeaBIOS"],
    cpuid: [kvm],
    is: "qemu",
  },
  {
    name: "QEMU i440fx, KVM",
    dmi: ["Standard PC (i440FX + PIIX, 1996)", "QEMU", "SeaBIOS"],
    cpuid: [kvm],
    is: "qemu",
  },
  {
    name: "QEMU with OVMF",
    dmi: ["Standard PC (Q35 + ICH9, 2009)", "QEMU", "EFI Development Kit II / OVMF"],
    cpuid: [kvm],
    is: "qemu",
  },
  {
    name: "QEMU with Hyper-V's enlightenments",
    dmi: ["Standard PC (Q35 + ICH9, 2009)", "QEMU", "SeaBIOS"],
    cpuid: [hyperV, kvm],
    is: "qemu",
  },
  {
    name: "QEMU with Hyper-V's enlightenments and KVM hidden",
    dmi: ["Standard PC (Q35 + ICH9, 2009)", "QEMU", "SeaBIOS"],
    cpuid: [hyperV],
    is: "qemu",
  },
  {
    name: "QEMU whose DMI imitates VMware",
    dmi: ["VMware Virtual Platform", "VMware, Inc.", "Phoenix Technologies LTD"],
    cpuid: [tcg],
    is: "qemu",
  },
  { name: "QEMU microvm without DMI, KVM", cpuid: [kvm], is: "kvm" },
  { name: "QEMU microvm without DMI, TCG", cpuid: [tcg], is: "qemu" },
  { name: "an old QEMU", dmi: ["Bochs", "Bochs", "Bochs"], is: "qemu" },
  {
    name: "QEMU virt on ARM with UEFI",
    dmi: ["QEMU Virtual Machine", "QEMU", "EFI Development Kit II / OVMF"],
    more: arm,
    is: "qemu",
  },
  {
    name: "QEMU virt on ARM without ACPI",
    more: { ...arm, deviceTreeMachine: "linux,dummy-virt", deviceTreeHasFwCfg: true },
    is: "qemu",
  },
  {
    name: "Proxmox",
    dmi: ["Standard PC (Q35 + ICH9, 2009)", "QEMU", "Proxmox distribution of EDK II"],
    cpuid: [kvm],
    is: "qemu",
  },
  // KVM with other makers' names
  { name: "RHEL's KVM", dmi: ["KVM", "Red Hat", "SeaBIOS"], cpuid: [kvm], is: "kvm" },
  { name: "RHEV", dmi: ["RHEV Hypervisor", "Red Hat", "SeaBIOS"], cpuid: [kvm], is: "kvm" },
  { name: "oVirt", dmi: ["oVirt Node", "oVirt", "SeaBIOS"], cpuid: [kvm], is: "kvm" },
  {
    name: "OpenStack Nova",
    dmi: ["OpenStack Nova", "OpenStack Foundation", "SeaBIOS"],
    cpuid: [kvm],
    is: "kvm",
  },
  { name: "OpenStack of Red Hat", dmi: ["OpenStack Compute", "Red Hat", "SeaBIOS"], is: "kvm" },
  {
    name: "KubeVirt",
    dmi: ["None", "KubeVirt", "EFI Development Kit II / OVMF"],
    cpuid: [kvm],
    is: "kvm",
  },
  {
    name: "CloudStack",
    dmi: ["CloudStack KVM Hypervisor", "Apache Software Foundation", "SeaBIOS"],
    cpuid: [kvm],
    is: "kvm",
  },
  { name: "Nutanix AHV", dmi: ["AHV", "Nutanix", "SeaBIOS"], cpuid: [hyperV, kvm], is: "kvm" },
  {
    name: "Cloud Hypervisor",
    dmi: ["cloud-hypervisor", "Cloud Hypervisor", ""],
    cpuid: [kvm],
    is: "kvm",
  },
  { name: "Firecracker", cpuid: [kvm], more: kvmClock, is: "kvm" },
  { name: "Firecracker, where CPUID can't be read", more: kvmClock, is: "kvm" },
  {
    name: "Firecracker on ARM",
    more: { ...arm, deviceTreeMachine: "linux,dummy-virt" },
    is: "kvm",
  },
  {
    name: "KVM on ARM with its node",
    more: { ...arm, deviceTreeHypervisor: "linux,kvm" },
    is: "kvm",
  },
  { name: "kvmtool", cpuid: [kvm], more: kvmClock, is: "kvm" },
  ...realClouds,
  // VirtualBox: the paravirtualization that it offers decides what CPUID says
  {
    name: "VirtualBox with KVM's interface",
    dmi: ["VirtualBox", "innotek GmbH", "innotek GmbH"],
    cpuid: [kvm],
    is: "virtualbox",
  },
  {
    name: "VirtualBox with Hyper-V's interface",
    dmi: ["VirtualBox", "innotek GmbH", "innotek GmbH"],
    cpuid: [hyperV],
    is: "virtualbox",
  },
  {
    name: "VirtualBox with none",
    dmi: ["VirtualBox", "innotek GmbH", "innotek GmbH"],
    cpuid: ["VBoxVBoxVBox"],
    is: "virtualbox",
  },
  // VMware
  {
    name: "VMware Workstation",
    dmi: ["VMware Virtual Platform", "VMware, Inc.", "Phoenix Technologies LTD"],
    cpuid: ["VMwareVMware"],
    is: "vmware",
  },
  {
    name: "VMware ESXi 7 with UEFI",
    dmi: ["VMware7,1", "VMware, Inc.", "VMware, Inc."],
    cpuid: ["VMwareVMware"],
    is: "vmware",
  },
  {
    name: "VMware whose CPUID is hidden",
    dmi: ["VMware Virtual Platform", "VMware, Inc.", "Phoenix Technologies LTD"],
    is: "vmware",
  },
  {
    name: "VMware Fusion on ARM",
    dmi: ["VMware20,1", "VMware, Inc.", "VMware, Inc."],
    more: arm,
    is: "vmware",
  },
  // Hyper-V
  {
    name: "Hyper-V generation 1",
    dmi: ["Virtual Machine", "Microsoft Corporation", ami, "7.0"],
    cpuid: [hyperV],
    is: "hyper-v",
  },
  {
    name: "Hyper-V generation 2",
    dmi: [
      "Virtual Machine",
      "Microsoft Corporation",
      "Microsoft Corporation",
      "Hyper-V UEFI Release v4.1",
    ],
    cpuid: [hyperV],
    is: "hyper-v",
  },
  { name: "Hyper-V without DMI", cpuid: [hyperV], is: "hyper-v" },
  {
    name: "Hyper-V by its clock",
    more: { clockSources: ["hyperv_clocksource_tsc_page"] },
    is: "hyper-v",
  },
  // Parallels
  {
    name: "Parallels",
    dmi: ["Parallels Virtual Platform", "Parallels Software International Inc."],
    cpuid: [" lrpepyh  vr"],
    is: "parallels",
  },
  {
    name: "Parallels with Hyper-V's interface",
    dmi: ["Parallels Virtual Platform", "Parallels Software International Inc."],
    cpuid: [hyperV],
    is: "parallels",
  },
  {
    name: "Parallels on ARM",
    dmi: ["Parallels ARM Virtual Machine", "Parallels International GmbH."],
    more: arm,
    is: "parallels",
  },
  // Xen
  {
    name: "Xen HVM",
    dmi: ["HVM domU", "Xen", "Xen"],
    cpuid: ["XenVMMXenVMM"],
    more: { hypervisorType: "xen" },
    is: "xen",
  },
  {
    name: "Xen HVM with Viridian (XenServer's default for Windows)",
    dmi: ["HVM domU", "Xen", "Xen"],
    cpuid: [hyperV, "XenVMMXenVMM"],
    is: "xen",
  },
  { name: "Xen PV, without DMI", more: { hypervisorType: "xen" }, is: "xen" },
  {
    name: "Xen PV inside a machine of KVM's",
    cpuid: [kvm],
    more: { hypervisorType: "xen" },
    is: "xen",
  },
  {
    name: "Xen PVH",
    cpuid: ["XenVMMXenVMM"],
    more: { hypervisorType: "xen", clockSources: ["xen", "tsc"] },
    is: "xen",
  },
  {
    name: "Xen's control domain",
    dmi: ["PowerEdge R640", "Dell Inc.", "Dell Inc."],
    more: { hypervisorType: "xen", xenCapabilities: "control_d\n" },
    is: "none",
  },
  { name: "Xen on ARM", more: { ...arm, deviceTreeHypervisor: "xen,xen-4.17 xen,xen" }, is: "xen" },
  // others
  {
    name: "Apple's Virtualization framework",
    dmi: ["Apple Virtualization Generic Platform", "Apple Inc."],
    more: arm,
    is: "apple",
  },
  {
    name: "Apple's Virtualization framework on Intel",
    dmi: ["Apple Virtualization Generic Platform", "Apple Inc."],
    is: "apple",
  },
  { name: "bhyve", dmi: ["BHYVE", "FreeBSD", "BHYVE"], cpuid: ["bhyve bhyve "], is: "bhyve" },
  { name: "a hypervisor that nobody knows", cpuid: ["SomethingNew"], is: "unknown" },
  // nested: the inner one is what we are on
  {
    name: "VMware inside Hyper-V",
    dmi: ["VMware7,1", "VMware, Inc.", "VMware, Inc."],
    cpuid: ["VMwareVMware"],
    is: "vmware",
  },
  {
    name: "QEMU inside Google's cloud",
    dmi: ["Standard PC (Q35 + ICH9, 2009)", "QEMU", "SeaBIOS"],
    cpuid: [kvm],
    more: kvmClock,
    is: "qemu",
  },
  {
    name: "VirtualBox inside VMware",
    dmi: ["VirtualBox", "innotek GmbH", "innotek GmbH"],
    cpuid: [kvm],
    is: "virtualbox",
  },
  // real hardware, some with names like a hypervisor's
  {
    name: "a Surface",
    dmi: ["Surface Pro 7", "Microsoft Corporation", "Microsoft Corporation"],
    more: { cpuHasHypervisorFlag: false },
    is: "none",
  },
  {
    name: "a MacBook",
    dmi: ["MacBookPro16,1", "Apple Inc.", "Apple Inc."],
    more: { cpuHasHypervisorFlag: false },
    is: "none",
  },
  {
    name: "a server of Oracle's",
    dmi: ["ORACLE SERVER X7-2", "Oracle Corporation", ami],
    more: { cpuHasHypervisorFlag: false },
    is: "none",
  },
  {
    name: "a ThinkPad",
    dmi: ["20XW0026GE", "LENOVO", "LENOVO"],
    more: { cpuHasHypervisorFlag: false },
    is: "none",
  },
  {
    name: "a Raspberry Pi",
    more: { ...arm, deviceTreeMachine: "raspberrypi,4-model-b brcm,bcm2711" },
    is: "none",
  },
  { name: "an Ampere server", dmi: ["Mt. Jade", "WIWYNN", ami], more: arm, is: "none" },
];

/** The facts that such a machine gives; the CPU's flag is set unless it says otherwise. */
export function factsOf({ dmi, cpuid, more }: RealMachine): MachineFacts {
  const [productName = "", systemVendor = "", biosVendor = "", productVersion = ""] = dmi ?? [];
  return {
    ...noMachineFacts,
    dmi: { ...noMachineFacts.dmi, productName, systemVendor, biosVendor, productVersion },
    cpuidSignatures: cpuid ?? [],
    cpuHasHypervisorFlag: true,
    clockSources: ["tsc", "acpi_pm"],
    ...more,
  };
}
