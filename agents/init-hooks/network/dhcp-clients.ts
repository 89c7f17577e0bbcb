import type { Kernel } from "../../kernel/kernel.ts";
import type { Child } from "../../kernel/processes.ts";
import { dhcpCommand, dhcpPidPath } from "./plan-network.ts";

/** The DHCP clients of this machine, at most one for each card. */
export interface DhcpClients {
  /** From now on clients are started: the name that they send is known. */
  begin(): void;
  /** Starts one unless one runs or it is too early; says whether it did. */
  start(card: string): boolean;
  /** Ends the one of a card that is gone. */
  stop(card: string): void;
}

export function openDhcpClients(kernel: Kernel): DhcpClients {
  const children = new Map<string, Child>();
  let hasBegun = false;
  return {
    begin() {
      hasBegun = true;
    },
    start(card) {
      if (!hasBegun || children.has(card) || isRunning(kernel, card)) return false;
      const child = kernel.spawn(dhcpCommand(card, kernel.hostname()));
      children.set(card, child);
      child.exited.then(() => children.delete(card));
      return true;
    },
    stop(card) {
      children.get(card)?.kill("SIGTERM");
    },
  };
}

/** One that an agent before us has started. */
function isRunning(kernel: Kernel, card: string): boolean {
  const pid = kernel.readTextIfPresent(dhcpPidPath(card))?.trim();
  if (pid === undefined || !/^\d+$/.test(pid)) return false;
  const words = (kernel.readTextIfPresent(`/proc/${pid}/cmdline`) ?? "").split("\0");
  return words[0] === "udhcpc" && words.includes(card);
}
