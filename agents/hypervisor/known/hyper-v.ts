import { basename } from "node:path";
import type { HypervisorKind } from "../plan/hypervisor-kind.ts";

const daemons = [
  {
    program: "/usr/sbin/hv_kvp_daemon",
    device: "/dev/vmbus/hv_kvp",
    for: "addresses and names",
  },
  {
    program: "/usr/sbin/hv_vss_daemon",
    device: "/dev/vmbus/hv_vss",
    for: "quiesced backups",
  },
];

/** Microsoft's Hyper-V, and Azure, which is built on it. */
export const hyperV: HypervisorKind = {
  dmi: {
    starts: ["Hyper-V"],
    product: {
      vendor: "Microsoft Corporation",
      name: "Virtual Machine",
      by: "DMI product of Microsoft",
    },
  },
  // KVM and Xen imitate it to speed Windows up, and then show their own signature further up or not at all.
  cpuid: { signatures: ["Microsoft Hv"], isImitated: true },
  clockSource: /^hyperv_clocksource/,
  programs: daemons.map(({ program }) => program),
  devices: daemons.map(({ device }) => device),
  plan({ devices, programs }) {
    const wanted = daemons.filter(({ device }) => devices.includes(device));
    return {
      clock: "the host's by hv_utils",
      power: "ACPI button, hv_utils (kernel)",
      services: wanted
        .filter(({ program }) => programs.includes(program))
        .map(({ program }) => ({ name: basename(program), argv: [program, "-n"] })),
      missing: wanted
        .filter(({ program }) => !programs.includes(program))
        .map((daemon) => `${daemon.program} for ${daemon.for}`),
    };
  },
  row: {
    hypervisor: "Hyper-V, Azure",
    drivers: "`hv_netvsc`, `hv_storvsc`, `hv_balloon`, `hv_utils`, vsock",
    services: "`hv_kvp_daemon`, `hv_vss_daemon`",
    shares: "–",
    time: "`hv_utils`",
    power: "kernel",
    freeze: "`hv_vss_daemon`",
  },
};
