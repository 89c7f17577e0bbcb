import type { Service } from "../../services/service.ts";
import type { GuestAgentPolicy } from "../../settings/options/guest-agent.ts";
import type { MachineFacts } from "../facts/machine-facts.ts";

/** A filesystem by which a hypervisor gives its guests folders of the host. */
export type ShareKind = "virtiofs" | "9p" | "vboxsf" | "vmhgfs";

/** Where else than by a service the hypervisor is told of this guest. */
export type ReportKind = "xenstore";

/** What the machine says of itself, and what is here to serve it. */
export interface GuestFacts {
  machine: MachineFacts;
  /** Named virtio-serial ports. */
  ports: readonly { name: string; path: string }[];
  /** Nodes of hypervisors' devices that are there, of those that the hypervisors name. */
  devices: readonly string[];
  /** Programs of hypervisors that the image has, of those that the hypervisors name. */
  programs: readonly string[];
}

/** What one hypervisor's guest needs. */
export interface GuestPlan {
  /** Modules that no device asks for. */
  modules: readonly string[];
  services: readonly Service[];
  /** What tells the hypervisor of this guest, other than a service. */
  reports: readonly ReportKind[];
  /** Which filesystems of the host's this hypervisor may offer. */
  shares: readonly ShareKind[];
  /** Where the time comes from, beside the network. */
  clock: string;
  /** Who carries out the hypervisor's "shut down" and "restart". */
  power: string;
  /** What was found but can't be served. */
  missing: readonly string[];
}

/** What differs from a machine without a hypervisor (`plainPlan`). Pure. */
export type Planner = (facts: GuestFacts, policy: GuestAgentPolicy) => Partial<GuestPlan>;

/** A machine that needs nothing of a hypervisor's. */
export const plainPlan: GuestPlan = {
  modules: [],
  services: [],
  reports: [],
  shares: [],
  clock: "the machine's own (RTC)",
  power: "ACPI button",
  missing: [],
};
