import type { Kernel } from "../../kernel/kernel.ts";
import type { RouterNameServers } from "../../kernel/network.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { findInterfaces } from "./find-interfaces.ts";
import { leasePath, leaseText } from "./leases.ts";
import { hasHardware } from "./plan-network.ts";

const linkLocal = /^fe[89ab]/i;
/** setTimeout's most; name servers of longer life are told again long before. */
const longestTimerMs = 0x7fff_ffff;
/** A router speaks every few seconds at most (RFC 4861, MIN_DELAY_BETWEEN_RAS: 3 s); a flood costs no more than that. */
const pauseMs = 1_000;
/** As many as a resolver asks (resolv.conf(5), MAXNS), and as many as RFC 8106, 5.3.1, wants kept. */
const mostServers = 3;

/** Keeps the name servers that routers tell, in files of the lease folder. */
export interface RouterNameServersKeeper {
  /** Takes what was heard; of what an interface hears within a second only the last counts. */
  hear(event: RouterNameServers): void;
  close(): void;
}

/**
 * Hears routers on the interfaces that are served, and nobody anywhere else: at the other end of a bridge or a veth is a
 * container. `guarded` runs what may fail.
 */
export function keepRouterNameServers(
  kernel: Kernel,
  clients: DhcpClients,
  guarded: (change: () => void) => void,
): RouterNameServersKeeper {
  const heard = new Map<number, RouterNameServers>();
  const lives = new Map<string, ReturnType<typeof setTimeout>>();
  let pause: ReturnType<typeof setTimeout> | undefined;

  const keep = (event: RouterNameServers): void => {
    const interfaceName = servedInterface(kernel, clients, event.interfaceIndex);
    if (interfaceName === undefined) {
      return;
    }
    const path = leasePath(interfaceName, "ra");
    clearTimeout(lives.get(path));
    const forget = () => {
      if (kernel.exists(path)) {
        kernel.unlink(path);
      }
    };
    if (event.lifetimeS === 0) {
      forget();
      return;
    }
    const nameServers = event.servers
      .slice(0, mostServers)
      .map((server) => (linkLocal.test(server) ? `${server}%${interfaceName}` : server));
    const text = leaseText({ nameServers });
    if (kernel.readTextIfPresent(path) !== text) {
      kernel.writeAtomic(path, text);
    }
    const lifetimeMs = Math.min(event.lifetimeS * 1000, longestTimerMs);
    const life = setTimeout(() => guarded(forget), lifetimeMs);
    life.unref();
    lives.set(path, life);
  };
  const keepAll = (): void => {
    pause = undefined;
    if (heard.size === 0) {
      return;
    }
    const events = [...heard.values()];
    heard.clear();
    pause = setTimeout(keepAll, pauseMs);
    pause.unref();
    for (const event of events) {
      guarded(() => keep(event));
    }
  };
  return {
    hear(event) {
      heard.set(event.interfaceIndex, event);
      if (pause === undefined) {
        keepAll();
      }
    },
    close() {
      clearTimeout(pause);
      for (const life of lives.values()) {
        clearTimeout(life);
      }
    },
  };
}

/** The name of an interface whose network is believed: hardware, with addresses that we have set or asked for. */
function servedInterface(kernel: Kernel, clients: DhcpClients, index: number): string | undefined {
  const found = findInterfaces(kernel).find((one) => one.index === index && hasHardware(one));
  const isServed =
    found !== undefined &&
    (clients.has(found.name) || kernel.exists(leasePath(found.name, "static")));
  return isServed ? found.name : undefined;
}
