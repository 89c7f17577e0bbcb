import type { HypervisorKind } from "../plan/hypervisor-kind.ts";
import { planKvmClock } from "../plan/virtio-plan.ts";

/** Amazon's Nitro (KVM) and older Xen machines, which Amazon's name in DMI tells. */
export const amazon: HypervisorKind = {
  dmi: { starts: ["Amazon EC2"], beatsCpuid: true },
  isBareMetal: ({ systemVendor, productName }) =>
    systemVendor === "Amazon EC2" && /\.metal(-|$)/.test(productName),
  plan: planKvmClock,
  row: {
    hypervisor: "Amazon EC2",
    drivers: "NVMe, Xen",
    services: "none",
    shares: "–",
    time: "`ptp_kvm`",
    power: "ACPI",
    freeze: "–",
  },
};
