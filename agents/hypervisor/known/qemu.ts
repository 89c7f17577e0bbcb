import type { HypervisorKind } from "../plan/hypervisor-kind.ts";
import { qemuAgentProgram } from "../plan/qemu-agent.ts";
import { planVirtio } from "../plan/virtio-plan.ts";

/** QEMU, by emulation or with KVM below it. */
export const qemu: HypervisorKind = {
  dmi: { starts: ["QEMU", "Bochs"] },
  cpuid: { signatures: ["TCGTCGTCGTCG"] },
  deviceTree: { hasFwCfg: true },
  programs: [qemuAgentProgram],
  plan: planVirtio,
  row: {
    hypervisor: "QEMU, Proxmox, libvirt",
    drivers: "virtio",
    services: "`qemu-ga`, when the machine has its port",
    shares: "virtiofs, 9p",
    time: "`ptp_kvm`",
    power: "ACPI, agent",
    freeze: "agent",
  },
};
