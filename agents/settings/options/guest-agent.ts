import { choice } from "./option-forms.ts";
import { beforeDisks } from "./sources.ts";

const policies = ["safe", "full", "off"] as const;
/**
 * What the host may ask of QEMU's guest agent. "safe": look, freeze, set the time, shut down; "full": also run
 * programs and open files, which makes whoever holds the host's socket root here; "off": no agent.
 */
export type GuestAgentPolicy = (typeof policies)[number];

/** What serves the hypervisor. */
export const guestAgentOptions = [
  choice({
    name: "boot2podman.guest-agent",
    help: "what the host may ask of QEMU's guest agent; full: also run programs and open files",
    sources: beforeDisks,
    sets: "guestAgent",
    choices: policies,
    default: "safe",
  }),
];
