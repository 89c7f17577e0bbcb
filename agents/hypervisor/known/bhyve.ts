import type { HypervisorKind } from "../plan/hypervisor-kind.ts";
import { planVirtio } from "../plan/virtio-plan.ts";

/** FreeBSD's bhyve. */
export const bhyve: HypervisorKind = {
  dmi: { starts: ["BHYVE"] },
  cpuid: { signatures: ["bhyve bhyve "] },
  plan: planVirtio,
  row: {
    hypervisor: "bhyve",
    drivers: "virtio, AHCI, NVMe",
    services: "`qemu-ga`, when there is a port",
    shares: "virtiofs, 9p",
    time: "network",
    power: "ACPI",
    freeze: "agent",
  },
};
