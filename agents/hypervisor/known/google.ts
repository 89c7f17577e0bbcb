import type { HypervisorKind } from "../plan/hypervisor-kind.ts";
import { planVirtio } from "../plan/virtio-plan.ts";
import { qemu } from "./qemu.ts";

/** Google's cloud: KVM with virtio devices and a name of its own. */
export const google: HypervisorKind = {
  dmi: { starts: ["Google Compute Engine"], beatsCpuid: true },
  plan: planVirtio,
  row: { ...qemu.row, hypervisor: "Google Compute Engine" },
};
