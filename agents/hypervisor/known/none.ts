import type { HypervisorKind } from "../plan/hypervisor-kind.ts";

/** A real machine, or a hypervisor's own first domain. */
export const none: HypervisorKind = {
  plan: () => ({}),
  row: {
    hypervisor: "none: a real machine",
    drivers: "those for its devices",
    services: "none",
    shares: "–",
    time: "network",
    power: "ACPI",
    freeze: "–",
  },
};
