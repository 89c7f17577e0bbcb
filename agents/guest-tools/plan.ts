import { type Detection, detectHypervisor } from "./hypervisor.ts";
import { type GuestFacts, qemuAgentProgram } from "./read-facts.ts";

export interface GuestPlan {
  detection: Detection;
  /** Modules that no device asks for. */
  modules: readonly string[];
  /** /dev/virtio-ports/NAME → node, where guest programs look for them. */
  links: readonly { path: string; target: string }[];
  services: readonly { name: string; argv: readonly string[] }[];
  /** What was found but can't be served. */
  missing: readonly string[];
}

const qemuAgentPort = "org.qemu.guest_agent.0";
const portFolder = "/dev/virtio-ports";

/** What the hypervisor that we are on needs; nothing of another one. */
export function planGuestTools(facts: GuestFacts): GuestPlan {
  const detection = detectHypervisor(facts.machine);
  const hasAgentPort = facts.ports.some((port) => port.name === qemuAgentPort);
  const hasAgent = facts.programs.includes(qemuAgentProgram);
  const modules = ["qemu", "kvm"].includes(detection.hypervisor) ? ["virtio_rng"] : [];
  return {
    detection,
    modules,
    links: facts.ports
      .filter(({ name }) => /^[\w.-]+$/.test(name))
      .map(({ name, path }) => ({ path: `${portFolder}/${name}`, target: path })),
    services: hasAgentPort && hasAgent ? [qemuAgent] : [],
    missing: hasAgentPort && !hasAgent ? [`${qemuAgentProgram} for the port ${qemuAgentPort}`] : [],
  };
}

const qemuAgent = {
  name: "qemu-ga",
  argv: [
    ...[qemuAgentProgram, "-m", "virtio-serial", "-p", `${portFolder}/${qemuAgentPort}`],
    ...["-t", "/run", "-f", "/run/qemu-ga.pid", "-l", "/var/log/qemu-ga.log"],
  ],
};
