import { type Detection, detectHypervisor, type Hypervisor } from "../../hypervisor/hypervisor.ts";
import type { Service } from "../../services/service.ts";
import type { GuestAgentPolicy } from "../../settings/options/guest-agent.ts";
import { toolDevices, toolPrograms } from "../programs-and-devices.ts";
import { portFolder, qemuAgent, qemuAgentPort } from "./qemu-agent.ts";
import type { GuestFacts } from "./read-facts.ts";

export interface GuestPlan {
  detection: Detection;
  /** Modules that no device asks for. */
  modules: readonly string[];
  /** /dev/virtio-ports/NAME → node, where guest programs look for them. */
  links: readonly { path: string; target: string }[];
  services: readonly Service[];
  /** What tells the hypervisor of this guest, other than a service. */
  reports: readonly "xenstore"[];
  /** Which filesystems of the host's this hypervisor may offer. */
  shares: readonly string[];
  /** Where the time comes from, beside the network. */
  clock: string;
  /** Who carries out the hypervisor's "shut down" and "restart". */
  power: string;
  /** What was found but can't be served. */
  missing: readonly string[];
}

type Part = Partial<Omit<GuestPlan, "detection" | "links">>;

/** What the hypervisor that we are on needs; nothing of another one. */
export function planGuestTools(facts: GuestFacts, policy: GuestAgentPolicy): GuestPlan {
  const detection = detectHypervisor(facts.machine);
  const plain = { modules: [], services: [], reports: [], shares: [], missing: [] };
  const part = parts[detection.hypervisor]?.(facts, policy) ?? {};
  return {
    detection,
    clock: "the machine's own (RTC)",
    power: "ACPI button",
    links: facts.ports
      .filter(({ name }) => /^[\w.-]+$/.test(name) && name !== "." && name !== "..")
      .map(({ name, path }) => ({ path: `${portFolder}/${name}`, target: path })),
    ...plain,
    ...part,
  };
}

type PartPlan = (facts: GuestFacts, policy: GuestAgentPolicy) => Part;

const parts: Partial<Record<Hypervisor, PartPlan>> = {
  qemu: withVirtio,
  kvm: withVirtio,
  google: withVirtio,
  amazon: kvmClock,
  // Its console and shares are virtio's; it has no agent.
  apple: () => ({ shares: ["virtiofs"] }),
  bhyve: withVirtio,
  // A hypervisor without a name that gives virtio ports is served by them.
  unknown: withVirtio,
  virtualbox: () => ({ shares: ["vboxsf"] }),
  vmware,
  "hyper-v": hyperV,
  parallels,
  xen: ({ devices }) => ({
    power: "XenStore control/shutdown (kernel)",
    clock: "the hypervisor's wall clock (kernel)",
    reports: devices.includes(toolDevices.xenBus) ? ["xenstore"] : [],
  }),
};

function withVirtio(facts: GuestFacts, policy: GuestAgentPolicy): Part {
  const hasPort = facts.ports.some((port) => port.name === qemuAgentPort);
  const hasAgent = facts.programs.includes(toolPrograms.qemuAgent);
  const isAgentWanted = hasPort && policy !== "off";
  return {
    ...kvmClock(facts),
    shares: ["virtiofs", "9p"],
    power: isAgentWanted && hasAgent ? "ACPI button, guest agent" : "ACPI button",
    services: isAgentWanted && hasAgent ? [qemuAgent(policy)] : [],
    missing:
      isAgentWanted && !hasAgent ? [`${toolPrograms.qemuAgent} for the port ${qemuAgentPort}`] : [],
  };
}

/** The host's clock as a PTP device; no device asks for its module. */
function kvmClock({ machine }: GuestFacts): Part {
  if (!machine.clockSources.includes("kvm-clock")) {
    return {};
  }
  return { modules: ["ptp_kvm"], clock: "the host's by ptp_kvm" };
}

function vmware({ programs }: GuestFacts): Part {
  const { vmtoolsd, vmhgfs } = toolPrograms;
  const hasDaemon = programs.includes(vmtoolsd);
  return {
    clock: "the host's by ptp_vmw",
    power: hasDaemon ? "ACPI button, VMware Tools" : "ACPI button",
    shares: programs.includes(vmhgfs) ? ["vmhgfs"] : [],
    services: hasDaemon ? [{ name: "vmtoolsd", argv: [vmtoolsd] }] : [],
    missing: [
      ...(hasDaemon ? [] : [`${vmtoolsd} for "shut down guest", addresses and quiesced snapshots`]),
      ...(programs.includes(vmhgfs) ? [] : [`${vmhgfs} for shared folders`]),
    ].map((what) => `${what}: build the image from image/vmware.toml`),
  };
}

function hyperV({ devices, programs }: GuestFacts): Part {
  const { hvKvp, hvVss } = toolPrograms;
  const daemons = [
    { program: hvKvp, device: toolDevices.hvKvp, for: "addresses and names" },
    { program: hvVss, device: toolDevices.hvVss, for: "quiesced backups" },
  ].filter(({ device }) => devices.includes(device));
  return {
    clock: "the host's by hv_utils",
    power: "ACPI button, hv_utils (kernel)",
    services: daemons
      .filter(({ program }) => programs.includes(program))
      .map(({ program }) => ({ name: nameOf(program), argv: [program, "-n"] })),
    missing: daemons
      .filter(({ program }) => !programs.includes(program))
      .map((daemon) => `${daemon.program} for ${daemon.for}`),
  };
}

/** Parallels' tools are its own and may not be passed on. */
function parallels({ programs }: GuestFacts): Part {
  const { prltoolsd } = toolPrograms;
  if (programs.includes(prltoolsd)) {
    return { services: [{ name: "prltoolsd", argv: [prltoolsd, "-f"] }] };
  }
  return { missing: [`${prltoolsd} of the Parallels Tools, for shared folders and the time`] };
}

function nameOf(program: string): string {
  return program.slice(program.lastIndexOf("/") + 1);
}
