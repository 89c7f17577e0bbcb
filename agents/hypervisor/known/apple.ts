import type { HypervisorKind } from "../plan/hypervisor-kind.ts";

/** Apple's Virtualization framework. */
export const apple: HypervisorKind = {
  dmi: { starts: ["Apple Virtualization"] },
  // Its console and shares are virtio's; it has no agent.
  plan: () => ({ shares: ["virtiofs"] }),
  row: {
    hypervisor: "Apple's Virtualization (vfkit, UTM)",
    drivers: "virtio",
    services: "none",
    shares: "virtiofs",
    time: "network",
    power: "ACPI",
    freeze: "–",
  },
};
