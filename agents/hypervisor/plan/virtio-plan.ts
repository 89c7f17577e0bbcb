import type { GuestFacts, GuestPlan, Planner } from "./guest-plan.ts";
import { qemuAgent, qemuAgentPort, qemuAgentProgram } from "./qemu-agent.ts";

/** What virtio devices bring: QEMU's guest agent at its port, shared folders, the host's clock. */
export const planVirtio: Planner = (facts, policy) => {
  const hasPort = facts.ports.some((port) => port.name === qemuAgentPort);
  const hasAgent = facts.programs.includes(qemuAgentProgram);
  const isAgentWanted = hasPort && policy !== "off";
  return {
    ...planKvmClock(facts),
    shares: ["virtiofs", "9p"],
    power: isAgentWanted && hasAgent ? "ACPI button, guest agent" : "ACPI button",
    services: isAgentWanted && hasAgent ? [qemuAgent(policy)] : [],
    missing:
      isAgentWanted && !hasAgent ? [`${qemuAgentProgram} for the port ${qemuAgentPort}`] : [],
  };
};

/** The host's clock as a PTP device; no device asks for its module. */
export function planKvmClock({ machine }: GuestFacts): Partial<GuestPlan> {
  if (!machine.clockSources.includes("kvm-clock")) {
    return {};
  }
  return { modules: ["ptp_kvm"], clock: "the host's by ptp_kvm" };
}
