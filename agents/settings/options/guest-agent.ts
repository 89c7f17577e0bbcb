import type { BootOptionKind } from "../boot-option-table.ts";
import { beforeDisks } from "../sources.ts";

/**
 * What the host may ask of QEMU's guest agent. "safe": look, freeze, set the time, shut down; "full": also run
 * programs and open files, which makes whoever holds the host's socket root here; "off": no agent.
 */
export type GuestAgentPolicy = "safe" | "full" | "off";
const policies: readonly GuestAgentPolicy[] = ["safe", "full", "off"];

export const guestToolsOptions: readonly BootOptionKind[] = [
  {
    name: "boot2podman.guest-agent",
    value: policies.join("|"),
    help: "what the host may ask of QEMU's guest agent; full: also run programs and open files",
    sources: beforeDisks,
    read(options, value) {
      const policy = policies.find((known) => known === value);
      if (policy === undefined) {
        return `one of ${policies.join(", ")}`;
      }
      options.guestAgent = policy;
      return undefined;
    },
  },
];
