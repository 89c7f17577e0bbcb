import { amazon } from "./known/amazon.ts";
import { apple } from "./known/apple.ts";
import { bhyve } from "./known/bhyve.ts";
import { google } from "./known/google.ts";
import { hyperV } from "./known/hyper-v.ts";
import { kvm } from "./known/kvm.ts";
import { none } from "./known/none.ts";
import { parallels } from "./known/parallels.ts";
import { qemu } from "./known/qemu.ts";
import { unknown } from "./known/unknown.ts";
import { virtualbox } from "./known/virtualbox.ts";
import { vmware } from "./known/vmware.ts";
import { xen } from "./known/xen.ts";
import type { HypervisorKind } from "./plan/hypervisor-kind.ts";

/** Names of the hypervisors that are told apart, as `guest-tools detect` gives them. */
export type Hypervisor =
  | "qemu"
  | "kvm"
  | "google"
  | "virtualbox"
  | "vmware"
  | "hyper-v"
  | "xen"
  | "parallels"
  | "apple"
  | "amazon"
  | "bhyve"
  | "unknown"
  | "none";

/** Every hypervisor that is told apart, in the order of docs/hypervisors.md. How they are told is in ./detect.ts. */
export const hypervisors: Readonly<Record<Hypervisor, HypervisorKind>> = {
  qemu,
  kvm,
  google,
  virtualbox,
  vmware,
  "hyper-v": hyperV,
  xen,
  parallels,
  apple,
  amazon,
  bhyve,
  unknown,
  none,
};

/** The record as a list, with the names. */
export const namedHypervisors = Object.entries(hypervisors) as [Hypervisor, HypervisorKind][];

/** The table as it stands in docs/hypervisors.md. */
export function hypervisorTable(): string {
  const lines = namedHypervisors.map(([name, { row }]) => {
    const { hypervisor, drivers, services, shares, time, power, freeze } = row;
    return `| \`${name}\` | ${[hypervisor, drivers, services, shares, time, power, freeze].join(" | ")} |`;
  });
  return [
    "| name | hypervisor | drivers (kernel) | services | shared folders | time | off, restart | freeze for snapshots |",
    "|---|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
