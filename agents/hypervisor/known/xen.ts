import type { HypervisorKind } from "../plan/hypervisor-kind.ts";

/** The way to XenStore. */
export const xenBusDevice = "/dev/xen/xenbus";

/** Xen, also as XenServer and XCP-ng. */
export const xen: HypervisorKind = {
  dmi: { starts: ["Xen", "HVM domU"], beatsCpuid: true },
  cpuid: { signatures: ["XenVMMXenVMM"] },
  sysHypervisorType: "xen",
  deviceTree: { hypervisor: /xen/ },
  clockSource: /^xen$/,
  devices: [xenBusDevice],
  plan: ({ devices }) => ({
    power: "XenStore control/shutdown (kernel)",
    clock: "the hypervisor's wall clock (kernel)",
    reports: devices.includes(xenBusDevice) ? ["xenstore"] : [],
  }),
  row: {
    hypervisor: "Xen, XenServer, XCP-ng",
    drivers: "`xen-blkfront`, `xen-netfront`",
    services: "our own XenStore entries: system, tools, memory, addresses",
    shares: "–",
    time: "wall clock (kernel)",
    power: "kernel",
    freeze: "–",
  },
};
