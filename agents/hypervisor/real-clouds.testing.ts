import type { MachineFacts } from "./facts/machine-facts.ts";
import type { Hypervisor } from "./hypervisors.ts";

/** What one kind of machine says of itself, and what it is. */
export interface RealMachine {
  name: string;
  /** product_name, sys_vendor, bios_vendor and product_version of /sys/class/dmi/id, as far as they tell. */
  dmi?: readonly [product: string, vendor: string, bios?: string, version?: string];
  cpuid?: readonly string[];
  more?: Partial<MachineFacts>;
  is: Hypervisor;
}

const kvm = "KVMKVMKVM";
const hyperV = "Microsoft Hv";
const arm = { cpuHasHypervisorFlag: false };

export const realClouds: readonly RealMachine[] = [
  {
    name: "Amazon EC2 Nitro",
    dmi: ["m5.large", "Amazon EC2", "Amazon EC2"],
    cpuid: [kvm],
    is: "amazon",
  },
  {
    name: "Amazon EC2 Graviton",
    dmi: ["c7g.medium", "Amazon EC2", "Amazon EC2"],
    more: { ...arm, smbiosSaysVirtual: true },
    is: "amazon",
  },
  {
    name: "Amazon EC2 bare metal",
    dmi: ["c5.metal", "Amazon EC2", "Amazon EC2"],
    more: { cpuHasHypervisorFlag: false },
    is: "none",
  },
  {
    name: "Amazon EC2 bare metal, newer name",
    dmi: ["m7i.metal-24xl", "Amazon EC2", "Amazon EC2"],
    more: { cpuHasHypervisorFlag: false },
    is: "none",
  },
  {
    name: "Amazon EC2 on Xen",
    dmi: ["HVM domU", "Xen", "Xen", "4.11.amazon"],
    cpuid: ["XenVMMXenVMM"],
    more: { hypervisorType: "xen" },
    is: "xen",
  },
  {
    name: "Google Compute Engine",
    dmi: ["Google Compute Engine", "Google", "Google"],
    cpuid: [kvm],
    is: "google",
  },
  {
    name: "Google Compute Engine on ARM",
    dmi: ["Google Compute Engine", "Google", "Google"],
    more: arm,
    is: "google",
  },
  {
    name: "Azure",
    dmi: [
      "Virtual Machine",
      "Microsoft Corporation",
      "Microsoft Corporation",
      "Hyper-V UEFI Release v4.1",
    ],
    cpuid: [hyperV],
    is: "hyper-v",
  },
  {
    name: "Azure on ARM",
    dmi: [
      "Virtual Machine",
      "Microsoft Corporation",
      "Microsoft Corporation",
      "Hyper-V UEFI Release v4.1",
    ],
    more: arm,
    is: "hyper-v",
  },
  {
    name: "Oracle Cloud",
    dmi: ["Standard PC (i440FX + PIIX, 1996)", "QEMU", "SeaBIOS"],
    cpuid: [kvm],
    is: "qemu",
  },
  {
    name: "DigitalOcean",
    dmi: ["Droplet", "DigitalOcean", "DigitalOcean"],
    cpuid: [kvm],
    is: "kvm",
  },
  { name: "Hetzner", dmi: ["vServer", "Hetzner", "Hetzner"], cpuid: [kvm], is: "kvm" },
  {
    name: "Hetzner on ARM",
    dmi: ["vServer", "Hetzner", "Hetzner"],
    more: { ...arm, smbiosSaysVirtual: true },
    is: "unknown",
  },
  {
    name: "Alibaba Cloud",
    dmi: ["Alibaba Cloud ECS", "Alibaba Cloud", "SeaBIOS"],
    cpuid: [kvm],
    is: "kvm",
  },
  { name: "Tencent Cloud", dmi: ["CVM", "Tencent Cloud", "SeaBIOS"], cpuid: [kvm], is: "kvm" },
  {
    name: "Akamai (Linode)",
    dmi: ["Compute Instance", "Akamai", "Akamai"],
    cpuid: [kvm],
    is: "kvm",
  },
  { name: "Vultr", dmi: ["VC2", "Vultr", "Vultr"], cpuid: [kvm], is: "kvm" },
  {
    name: "Scaleway",
    dmi: ["SCW-DEV1-S", "Scaleway", "EFI Development Kit II / OVMF"],
    cpuid: [kvm],
    is: "kvm",
  },
  { name: "UpCloud", dmi: ["Server", "UpCloud", "UpCloud"], cpuid: [kvm], is: "kvm" },
  {
    name: "OVHcloud",
    dmi: ["OpenStack Nova", "OpenStack Foundation", "SeaBIOS"],
    cpuid: [kvm],
    is: "kvm",
  },
];
