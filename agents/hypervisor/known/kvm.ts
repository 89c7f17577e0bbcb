import type { HypervisorKind } from "../plan/hypervisor-kind.ts";
import { planVirtio } from "../plan/virtio-plan.ts";
import { qemu } from "./qemu.ts";

/** KVM below a program that says no name of its own, or one of many. */
export const kvm: HypervisorKind = {
  dmi: {
    starts: [
      ...["KVM", "OpenStack", "KubeVirt", "CloudStack KVM", "RHEV Hypervisor", "oVirt", "Nutanix"],
      "Cloud Hypervisor",
    ],
  },
  cpuid: { signatures: ["KVMKVMKVM", "Linux KVM Hv"] },
  // Firecracker, crosvm and others use QEMU's name for such a machine.
  deviceTree: { hypervisor: /^linux,kvm$/, machine: /dummy-virt/ },
  clockSource: /^kvm-clock$/,
  plan: planVirtio,
  row: {
    ...qemu.row,
    hypervisor: "KVM by other programs (Firecracker, Cloud Hypervisor, …), most clouds",
  },
};
