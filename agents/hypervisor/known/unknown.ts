import type { HypervisorKind } from "../plan/hypervisor-kind.ts";
import { planVirtio } from "../plan/virtio-plan.ts";
import { qemu } from "./qemu.ts";

/** A hypervisor that says no name which is known: where it gives virtio devices it is served by them. */
export const unknown: HypervisorKind = {
  plan: planVirtio,
  row: { ...qemu.row, hypervisor: "unknown: detected only by a generic mark" },
};
