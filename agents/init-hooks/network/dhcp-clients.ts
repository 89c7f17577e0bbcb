import type { Kernel } from "../../kernel/kernel.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";
import { supervisorOf } from "../../services/supervisor.ts";
import { findInterfaces } from "./find-interfaces.ts";
import { dhcpCommand, dhcpPidPath } from "./plan-network.ts";

/** The DHCP clients of this machine, at most one for each card. */
export interface DhcpClients {
  /** From now on clients are started: the name that they send is known. */
  begin(): void;
  /**
   * Starts one unless one runs or it is too early; says whether it did. The metric is for the routes that it sets;
   * without one it makes one of the card's number.
   */
  start(card: string, metric?: number): boolean;
  /** Whether one runs, or is started again soon. */
  has(card: string): boolean;
  /** Has the one of a card ask for its address again, at once: it may be in another network now. */
  renew(card: string): void;
  /** The same for all: after the machine stood still their leases may be over. */
  renewAll(): void;
  /** Ends the one of a card that is gone. */
  stop(card: string): void;
  /** Whether clients may be started. */
  hasBegun(): boolean;
}

export function openDhcpClients(kernel: Kernel): DhcpClients {
  const supervisor = supervisorOf(kernel);
  let hasBegun = false;
  const started = new Set<string>();
  const renew = (card: string): void => {
    const pid = supervisor.pid(serviceName(card)) ?? runningPid(kernel, card);
    if (pid !== undefined) {
      kernel.signal(pid, "SIGUSR1");
    }
  };
  return {
    begin() {
      hasBegun = true;
    },
    hasBegun: () => hasBegun,
    start(card, metric) {
      if (!hasBegun || runningPid(kernel, card) !== undefined) {
        return false;
      }
      const argv = dhcpCommand(card, kernel.hostname());
      const own = metric === undefined ? {} : { route_metric: String(metric) };
      const options = { env: { ...scrubbedEnvironment, ...own } };
      if (supervisor.start({ name: serviceName(card), argv, options }) === undefined) {
        return false;
      }
      started.add(card);
      return true;
    },
    has: (card) => started.has(card) || runningPid(kernel, card) !== undefined,
    renew,
    renewAll() {
      for (const { name } of findInterfaces(kernel)) {
        renew(name);
      }
    },
    stop(card) {
      started.delete(card);
      supervisor.stop(serviceName(card));
    },
  };
}

function serviceName(card: string): string {
  return `udhcpc-${card}`;
}

/** One that an agent before us has started. */
function runningPid(kernel: Kernel, card: string): number | undefined {
  const pid = kernel.readTextIfPresent(dhcpPidPath(card))?.trim();
  if (pid === undefined || !/^\d+$/.test(pid)) {
    return undefined;
  }
  const words = (kernel.readTextIfPresent(`/proc/${pid}/cmdline`) ?? "").split("\0");
  return words[0] === "udhcpc" && words.includes(card) ? Number(pid) : undefined;
}
