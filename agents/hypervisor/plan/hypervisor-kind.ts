import type { DmiFacts } from "../facts/machine-facts.ts";
import type { Planner } from "./guest-plan.ts";

/** How one hypervisor is told, what its guest needs, and what the documentation says of it. */
export interface HypervisorKind {
  dmi?: {
    /**
     * Starts of DMI strings. Real hardware of Microsoft, Apple and Oracle has the same vendor as their hypervisors,
     * so that those are told by what only the virtual machine says.
     */
    starts?: readonly string[];
    /** For one whose vendor makes real machines too: vendor and product name as a whole. */
    product?: { vendor: string; name: string; by: string };
    /** It sits on another hypervisor, or imitates one to the CPU: its own name in DMI is the better one. */
    beatsCpuid?: boolean;
  };
  cpuid?: {
    /** Of CPUID leaf 0x40000000 and above, padding taken off. */
    signatures: readonly string[];
    /** Others show it too, to speed its guests up: it counts last, and only where DMI names nobody else. */
    isImitated?: boolean;
  };
  /** What /sys/hypervisor/type says. */
  sysHypervisorType?: string;
  deviceTree?: {
    /** `compatible` of /hypervisor. */
    hypervisor?: RegExp;
    /** `compatible` of the root. */
    machine?: RegExp;
    /** It has QEMU's configuration device. */
    hasFwCfg?: boolean;
  };
  /** Name of a clock of the kernel's that only its guests have. */
  clockSource?: RegExp;
  /** Whether a machine of this maker is a real one, though it has the same name in DMI. */
  isBareMetal?: (dmi: DmiFacts) => boolean;

  /** Programs by which it may be served, where an image has them. `plan` sees no others. */
  programs?: readonly string[];
  /** Nodes that drivers make where its devices are. `plan` sees no others. */
  devices?: readonly string[];
  plan: Planner;

  row: HypervisorRow;
}

/** A row of the table in docs/hypervisors.md. */
export interface HypervisorRow {
  /** What people call it, and what is built on it. */
  hypervisor: string;
  drivers: string;
  services: string;
  shares: string;
  time: string;
  /** Off and restart. */
  power: string;
  /** Freezing for snapshots. */
  freeze: string;
}
