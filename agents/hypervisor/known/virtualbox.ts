import type { HypervisorKind } from "../plan/hypervisor-kind.ts";

/** The guest device, by which VirtualBox's host is spoken to. */
export const vboxGuestDevice = "/dev/vboxguest";

/** VirtualBox, whose drivers are in the kernel. */
export const virtualbox: HypervisorKind = {
  dmi: { starts: ["innotek GmbH", "VirtualBox"], beatsCpuid: true },
  cpuid: { signatures: ["VBoxVBoxVBox"] },
  devices: [vboxGuestDevice],
  plan: () => ({ shares: ["vboxsf"] }),
  row: {
    hypervisor: "VirtualBox",
    drivers: "`vboxguest`, `vboxsf`; pcnet, e1000, AHCI",
    services: "none needed",
    shares: "`vboxsf`, automatic ones",
    time: "network",
    power: "ACPI",
    freeze: "–",
  },
};
