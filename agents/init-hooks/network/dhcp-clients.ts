import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";
import { supervisorOf } from "../../services/supervisor.ts";
import { findInterfaces } from "./find-interfaces.ts";
import { leasePath } from "./leases.ts";
import { type BesideDhcp, dhcpCommand, dhcpPidPath } from "./plan-network.ts";

/** The DHCP clients of this machine, at most one for each interface. */
export interface DhcpClients {
  /** From now on clients are started: the name that they send is known. */
  begin(): void;
  /**
   * Starts one unless one runs or it is too early; says whether it did. The metric is for the routes that it sets;
   * without one it makes one of the interface's number. It leaves alone what is `beside`.
   */
  start(interfaceName: string, metric?: number, beside?: BesideDhcp): boolean;
  /** Whether one runs, or is started again soon. */
  has(interfaceName: string): boolean;
  /**
   * Has the one of an interface ask for its address again, at once: it may be in another network now. When nobody answers,
   * the address is given up, and any is taken.
   */
  renew(interfaceName: string): void;
  /** The same for all: after the machine stood still their leases may be over. */
  renewAll(): void;
  /** Ends the one of an interface that is gone or gets another address; done when its process is gone. */
  stop(interfaceName: string): Promise<void>;
  /** Whether clients may be started. */
  hasBegun(): boolean;
}

/**
 * udhcpc asks the server that it knows, and after a second all, for the address that it has. Another network's server may say
 * nothing of that; a switch may need some time before anything comes through.
 */
const sameNetworkMs = 10_000;

/** The DHCP clients of this boot: none yet. */
export function openDhcpClients(kernel: Kernel): DhcpClients {
  const supervisor = supervisorOf(kernel);
  let hasBegun = false;
  const started = new Set<string>();
  const again = new Map<string, ReturnType<typeof setTimeout>>();
  const renew = (interfaceName: string): void => {
    const pid = supervisor.pid(serviceName(interfaceName)) ?? runningPid(kernel, interfaceName);
    if (pid !== undefined) {
      kernel.signal(pid, "SIGUSR1");
    }
  };
  const renewOrMove = (interfaceName: string): void => {
    renew(interfaceName);
    const path = leasePath(interfaceName, "dhcp");
    const before = kernel.stat(path)?.mtimeMs;
    clearTimeout(again.get(interfaceName));
    if (before === undefined) {
      return;
    }
    const timer = setTimeout(() => {
      try {
        // udhcpc's script writes the lease anew with each answer.
        if (kernel.stat(path)?.mtimeMs === before) {
          renew(interfaceName);
        }
      } catch (error) {
        kernel.tellKernelLog(`network: ${oneLine(error)}`);
      }
    }, sameNetworkMs);
    timer.unref();
    again.set(interfaceName, timer);
  };
  return {
    begin() {
      hasBegun = true;
    },
    hasBegun: () => hasBegun,
    start(interfaceName, metric, beside) {
      if (!hasBegun || runningPid(kernel, interfaceName) !== undefined) {
        return false;
      }
      const argv = dhcpCommand(interfaceName, kernel.hostname());
      const options = { env: { ...scrubbedEnvironment, ...scriptWords(metric, beside) } };
      if (supervisor.start({ name: serviceName(interfaceName), argv, options }) === undefined) {
        return false;
      }
      started.add(interfaceName);
      return true;
    },
    has: (interfaceName) =>
      started.has(interfaceName) || runningPid(kernel, interfaceName) !== undefined,
    renew: renewOrMove,
    renewAll() {
      // Nobody has moved the machine: whatever doesn't answer yet, its addresses stay.
      for (const { name } of findInterfaces(kernel)) {
        renew(name);
      }
    },
    async stop(interfaceName) {
      started.delete(interfaceName);
      clearTimeout(again.get(interfaceName));
      again.delete(interfaceName);
      await supervisor.stop(serviceName(interfaceName));
    },
  };
}

/** What udhcpc hands on to usr/share/udhcpc/default.script. */
function scriptWords(metric: number | undefined, beside: BesideDhcp | undefined) {
  const { addresses = [], routes = [] } = beside ?? {};
  return {
    ...(metric === undefined ? {} : { route_metric: String(metric) }),
    ...(addresses.length === 0 ? {} : { own_addresses: addresses.join(" ") }),
    ...(routes.length === 0
      ? {}
      : { own_routes: routes.map(({ to, via, metric: own }) => `${to} ${via} ${own}`).join(" ") }),
  };
}

function serviceName(interfaceName: string): string {
  return `udhcpc-${interfaceName}`;
}

/** One that an agent before us has started. */
function runningPid(kernel: Kernel, interfaceName: string): number | undefined {
  const pid = kernel.readTextIfPresent(dhcpPidPath(interfaceName))?.trim();
  if (pid === undefined || !/^\d+$/.test(pid)) {
    return undefined;
  }
  const words = (kernel.readTextIfPresent(`/proc/${pid}/cmdline`) ?? "").split("\0");
  return words[0] === "udhcpc" && words.includes(interfaceName) ? Number(pid) : undefined;
}
