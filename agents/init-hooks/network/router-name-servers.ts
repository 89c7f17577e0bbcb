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
/** As many as a resolver asks (resolv.conf(5), MAXNS), and as many of each router as RFC 8106, 5.3.1, wants kept. */
const mostServers = 3;
/** As many domains as resolvers took for long, of each router. */
const mostDomains = 6;
/** Routers of one interface that are listened to. */
const mostRouters = 8;
/** What is kept of a second's words, for several routers with several options each. */
const mostHeard = 64;

/** Keeps the name servers and search domains that routers tell, in files of the lease folder. */
export interface RouterNameServersKeeper {
  /** Takes what was heard; of what an interface hears within a second the last few words count. */
  hear(event: RouterNameServers): void;
  close(): void;
}

type Kind = "servers" | "domains";

/** One thing that a router said, until its time is over. */
interface Told {
  router: string;
  kind: Kind;
  value: string;
  /** When it was said last, as a number that grows. */
  turn: number;
  life: ReturnType<typeof setTimeout>;
}

/**
 * Hears routers on the interfaces that are served, and nobody anywhere else: at the other end of a bridge or a veth is a
 * container. Each router's words count for themselves: those of one don't end another's. `guarded` runs what may fail.
 */
export function keepRouterNameServers(
  kernel: Kernel,
  clients: DhcpClients,
  guarded: (change: () => void) => void,
): RouterNameServersKeeper {
  const heard = new Map<string, RouterNameServers>();
  const told = new Map<number, Told[]>();
  let turn = 0;
  let pause: ReturnType<typeof setTimeout> | undefined;

  const write = (index: number): void => {
    const interfaceName = servedInterface(kernel, clients, index);
    if (interfaceName === undefined) {
      forget(index);
      return;
    }
    const path = leasePath(interfaceName, "ra");
    const text = textOf(told.get(index) ?? [], interfaceName);
    if (text === "" && kernel.exists(path)) {
      kernel.unlink(path);
    } else if (text !== "" && kernel.readTextIfPresent(path) !== text) {
      kernel.writeAtomic(path, text);
    }
  };
  const forget = (index: number): void => {
    for (const { life } of told.get(index) ?? []) {
      clearTimeout(life);
    }
    told.delete(index);
  };
  const drop = (index: number, one: Told): void => {
    clearTimeout(one.life);
    const left = (told.get(index) ?? []).filter((other) => other !== one);
    told.set(index, left);
  };

  const keepOne = (event: RouterNameServers, kind: Kind, value: string): void => {
    const { interfaceIndex: index, router, lifetimeS } = event;
    const all = told.get(index) ?? [];
    const before = all.find(
      (one) => one.router === router && one.kind === kind && one.value === value,
    );
    if (lifetimeS === 0) {
      if (before !== undefined) {
        drop(index, before);
      }
      return;
    }
    turn += 1;
    const lifetimeMs = Math.min(lifetimeS * 1000, longestTimerMs);
    const over = () => {
      drop(index, one);
      guarded(() => write(index));
    };
    const life = setTimeout(over, lifetimeMs);
    life.unref();
    const one: Told = before ?? { router, kind, value, turn, life };
    if (before !== undefined) {
      clearTimeout(before.life);
      Object.assign(before, { turn, life });
      return;
    }
    const isKnown = all.some((other) => other.router === router);
    if (!isKnown && new Set(all.map((other) => other.router)).size >= mostRouters) {
      clearTimeout(life);
      return;
    }
    // What was said longest ago goes, as its time is over first.
    const siblings = all.filter((other) => other.router === router && other.kind === kind);
    if (siblings.length >= (kind === "servers" ? mostServers : mostDomains)) {
      const [oldest] = siblings.toSorted((a, b) => a.turn - b.turn);
      if (oldest !== undefined) {
        drop(index, oldest);
      }
    }
    told.set(index, [...(told.get(index) ?? []), one]);
  };
  const keep = (event: RouterNameServers): void => {
    if (servedInterface(kernel, clients, event.interfaceIndex) === undefined) {
      return;
    }
    for (const server of event.servers.slice(0, mostServers)) {
      keepOne(event, "servers", server);
    }
    for (const domain of event.domains.slice(0, mostDomains)) {
      keepOne(event, "domains", domain);
    }
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
    for (const index of new Set(events.map(({ interfaceIndex }) => interfaceIndex))) {
      guarded(() => write(index));
    }
  };
  return {
    hear(event) {
      const { interfaceIndex, router, servers, domains } = event;
      const key = [interfaceIndex, router, ...servers, ...domains].join(" ");
      heard.delete(key);
      heard.set(key, event);
      const [first] = heard.keys();
      if (heard.size > mostHeard && first !== undefined) {
        heard.delete(first);
      }
      if (pause === undefined) {
        keepAll();
      }
    },
    close() {
      clearTimeout(pause);
      for (const index of [...told.keys()]) {
        forget(index);
      }
    },
  };
}

/** The first server of each router before the second of any: a resolver asks but three. */
function textOf(told: readonly Told[], interfaceName: string): string {
  const routers = [...new Set(told.map(({ router }) => router))];
  const ofRouters = (kind: Kind) =>
    routers.map((router) =>
      told.flatMap((one) => (one.router === router && one.kind === kind ? [one.value] : [])),
    );
  const servers = ofRouters("servers");
  const inTurn = Array.from({ length: mostServers }, (_, at) =>
    servers.flatMap((list) => list[at] ?? []),
  ).flat();
  return leaseText({
    nameServers: [...new Set(inTurn)]
      .slice(0, mostServers)
      .map((server) => (linkLocal.test(server) ? `${server}%${interfaceName}` : server)),
    searchDomains: [...new Set(ofRouters("domains").flat())].slice(0, mostDomains),
  });
}

/** The name of an interface whose network is believed: hardware, with addresses that we have set or asked for. */
function servedInterface(kernel: Kernel, clients: DhcpClients, index: number): string | undefined {
  const found = findInterfaces(kernel).find((one) => one.index === index && hasHardware(one));
  const isServed =
    found !== undefined &&
    (clients.has(found.name) || kernel.exists(leasePath(found.name, "static")));
  return isServed ? found.name : undefined;
}
