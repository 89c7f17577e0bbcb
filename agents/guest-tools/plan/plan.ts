import { type Detection, detectHypervisor } from "../../hypervisor/detect.ts";
import { hypervisors } from "../../hypervisor/hypervisors.ts";
import { type GuestFacts, type GuestPlan, plainPlan } from "../../hypervisor/plan/guest-plan.ts";
import { portFolder } from "../../hypervisor/plan/qemu-agent.ts";
import type { GuestAgentPolicy } from "../../settings/options/guest-agent.ts";

/** What the hypervisor that we are on gets, and who that is. */
export interface GuestToolsPlan extends GuestPlan {
  detection: Detection;
  /** /dev/virtio-ports/NAME → node, where guest programs look for them. */
  links: readonly { path: string; target: string }[];
}

/** What the hypervisor that we are on needs; nothing of another one. Pure. */
export function planGuestTools(facts: GuestFacts, policy: GuestAgentPolicy): GuestToolsPlan {
  const detection = detectHypervisor(facts.machine);
  return {
    detection,
    links: facts.ports
      .filter(({ name }) => /^[\w.-]+$/.test(name) && name !== "." && name !== "..")
      .map(({ name, path }) => ({ path: `${portFolder}/${name}`, target: path })),
    ...plainPlan,
    ...hypervisors[detection.hypervisor].plan(facts, policy),
  };
}
