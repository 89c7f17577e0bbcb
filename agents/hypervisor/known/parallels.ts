import type { HypervisorKind } from "../plan/hypervisor-kind.ts";

const prltoolsd = "/usr/bin/prltoolsd";

/** Parallels Desktop. Its tools are its own and may not be passed on. */
export const parallels: HypervisorKind = {
  dmi: { starts: ["Parallels"], beatsCpuid: true },
  cpuid: { signatures: ["prl hyperv  ", " lrpepyh  vr"] },
  programs: [prltoolsd],
  plan: ({ programs }) =>
    programs.includes(prltoolsd)
      ? { services: [{ name: "prltoolsd", argv: [prltoolsd, "-f"] }] }
      : { missing: [`${prltoolsd} of the Parallels Tools, for shared folders and the time`] },
  row: {
    hypervisor: "Parallels",
    drivers: "virtio, e1000, AHCI",
    services: "`prltoolsd` **",
    shares: "by its tools **",
    time: "network",
    power: "ACPI",
    freeze: "–",
  },
};
