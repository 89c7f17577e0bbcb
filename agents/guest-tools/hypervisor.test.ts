import { describe, expect, test } from "vitest";
import { detectHypervisor, type MachineFacts } from "./hypervisor.ts";

const nothing: MachineFacts = {
  dmi: { productName: "", systemVendor: "", boardVendor: "", biosVendor: "", productVersion: "" },
  hypervisorType: "",
  xenCapabilities: "",
  deviceTreeHypervisor: "",
  deviceTreeMachine: "",
  cpuidSignature: "",
  cpuHasHypervisorFlag: true,
  clockSources: ["tsc", "acpi_pm"],
};

function dmi(
  productName: string,
  systemVendor: string,
  biosVendor = "",
  productVersion = "",
): MachineFacts {
  return {
    ...nothing,
    dmi: { ...nothing.dmi, productName, systemVendor, biosVendor, productVersion },
  };
}

// What /sys/class/dmi/id says on such machines.
describe("by DMI", () => {
  test.each([
    ["QEMU q35", dmi("Standard PC (Q35 + ICH9, 2009)", "QEMU", "SeaBIOS"), "qemu"],
    ["QEMU i440fx", dmi("Standard PC (i440FX + PIIX, 1996)", "QEMU", "SeaBIOS"), "qemu"],
    [
      "QEMU virt on ARM",
      dmi("QEMU Virtual Machine", "QEMU", "EFI Development Kit II / OVMF"),
      "qemu",
    ],
    ["an old QEMU", dmi("Bochs", "Bochs", "Bochs"), "qemu"],
    ["RHEL's KVM", dmi("KVM", "Red Hat", "SeaBIOS"), "kvm"],
    ["OpenStack", dmi("OpenStack Compute", "Red Hat", "SeaBIOS"), "kvm"],
    ["KubeVirt", dmi("None", "KubeVirt", "EFI Development Kit II / OVMF"), "kvm"],
    ["VirtualBox", dmi("VirtualBox", "innotek GmbH", "innotek GmbH"), "virtualbox"],
    ["VMware Workstation", dmi("VMware Virtual Platform", "VMware, Inc.", "Phoenix"), "vmware"],
    ["VMware ESXi 7", dmi("VMware7,1", "VMware, Inc.", "VMware, Inc."), "vmware"],
    ["VMware Fusion on ARM", dmi("VMware20,1", "VMware, Inc.", "VMware, Inc."), "vmware"],
    [
      "Hyper-V generation 1",
      dmi("Virtual Machine", "Microsoft Corporation", "American Megatrends Inc.", "7.0"),
      "hyper-v",
    ],
    [
      "Hyper-V generation 2",
      dmi(
        "Virtual Machine",
        "Microsoft Corporation",
        "Microsoft Corporation",
        "Hyper-V UEFI Release v4.1",
      ),
      "hyper-v",
    ],
    [
      "Parallels",
      dmi("Parallels Virtual Platform", "Parallels Software International Inc."),
      "parallels",
    ],
    [
      "Parallels on ARM",
      dmi("Parallels ARM Virtual Machine", "Parallels International GmbH."),
      "parallels",
    ],
    ["Xen HVM", dmi("HVM domU", "Xen", "Xen"), "xen"],
    [
      "Apple's Virtualization framework",
      dmi("Apple Virtualization Generic Platform", "Apple Inc."),
      "apple",
    ],
    ["bhyve", dmi("BHYVE", "FreeBSD", "BHYVE"), "bhyve"],
    ["Amazon EC2 Nitro", dmi("m5.large", "Amazon EC2", "Amazon EC2"), "amazon"],
    ["Google Compute Engine", dmi("Google Compute Engine", "Google", "Google"), "google"],
    ["DigitalOcean, by its BIOS", dmi("Droplet", "DigitalOcean", "QEMU"), "qemu"],
  ])("%s", (_, facts, hypervisor) => {
    const detection = detectHypervisor(facts);
    expect(detection.hypervisor).toBe(hypervisor);
    expect(detection.by).toMatch(/^DMI /);
  });

  test.each([
    ["a Surface", dmi("Surface Pro 7", "Microsoft Corporation", "Microsoft Corporation")],
    ["a MacBook", dmi("MacBookPro16,1", "Apple Inc.", "Apple Inc.")],
    [
      "a server of Oracle's",
      dmi("ORACLE SERVER X7-2", "Oracle Corporation", "American Megatrends Inc."),
    ],
    ["a ThinkPad", dmi("20XW0026GE", "LENOVO", "LENOVO")],
  ])("%s is real hardware", (_, facts) => {
    const { hypervisor } = detectHypervisor({ ...facts, cpuHasHypervisorFlag: false });
    expect(hypervisor).toBe("none");
  });

  test("names the product before the vendor: KVM's own says less than what runs on it", () => {
    expect(detectHypervisor(dmi("VirtualBox", "QEMU")).by).toBe('DMI product name "VirtualBox"');
  });
});

describe("by other signs", () => {
  test.each([
    ["TCG's CPUID", { cpuidSignature: "TCGTCGTCGTCG" }, "qemu"],
    ["KVM's CPUID", { cpuidSignature: "KVMKVMKVM\0\0\0" }, "kvm"],
    ["Hyper-V's CPUID", { cpuidSignature: "Microsoft Hv" }, "hyper-v"],
    ["VMware's CPUID", { cpuidSignature: "VMwareVMware" }, "vmware"],
    ["Xen PV", { hypervisorType: "xen" }, "xen"],
    ["Xen's control domain", { hypervisorType: "xen", xenCapabilities: "control_d\n" }, "none"],
    ["KVM on ARM", { deviceTreeHypervisor: "linux,kvm" }, "kvm"],
    ["Xen on ARM", { deviceTreeHypervisor: "xen,xen-4.17 xen,xen" }, "xen"],
    ["QEMU's ARM machine without ACPI", { deviceTreeMachine: "linux,dummy-virt" }, "qemu"],
    ["Firecracker, by KVM's clock", { clockSources: ["kvm-clock", "tsc"] }, "kvm"],
    ["Hyper-V, by its clock", { clockSources: ["hyperv_clocksource_tsc_page"] }, "hyper-v"],
    ["an unknown hypervisor", {}, "unknown"],
    ["no hypervisor at all", { cpuHasHypervisorFlag: false }, "none"],
  ])("%s", (_, sign, hypervisor) => {
    expect(detectHypervisor({ ...nothing, ...sign }).hypervisor).toBe(hypervisor);
  });
});
