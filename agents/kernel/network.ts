import type { Subscription } from "./events.ts";

/** What the kernel says of a network interface when it comes, changes or goes (RTM_NEWLINK, RTM_DELLINK). */
export interface LinkEvent {
  name: string;
  index: number;
  /** Whether a cable with somebody at its other end is in (IFF_LOWER_UP). */
  hasCarrier: boolean;
  isGone: boolean;
}

/** What a router advertisement says of names (RFC 8106), which the kernel leaves to others: one of its options. */
export interface RouterNameServers {
  interfaceIndex: number;
  /** The router's own address; each router's words hold for themselves. */
  router: string;
  /** 0: they are to be forgotten. */
  lifetimeS: number;
  /** IPv6 addresses of name servers. */
  servers: readonly string[];
  /** Domains for names without a dot. */
  domains: readonly string[];
}

/** Who is told of interfaces and name servers. */
export interface NetworkListener {
  onLink(event: LinkEvent): void;
  onNameServers(event: RouterNameServers): void;
  /** An address of IPv6 came, went, or is known to be nobody else's. */
  onAddress(): void;
  /** Events were lost: look at everything again. */
  onLost(): void;
}

/** A question by UDP. */
export interface DatagramRequest {
  /** An address, not a name. */
  address: string;
  port: number;
  payload: Uint8Array;
  timeoutMs: number;
}

/** Its answer, with the times that a clock is set by. */
export interface DatagramReply {
  payload: Uint8Array;
  /** Unix milliseconds with fractions, by this system's clock. */
  sentMs: number;
  receivedMs: number;
}

/** The network as far as the agents speak on it themselves. */
export interface Network {
  /** Listens to NETLINK_ROUTE; what was before isn't told. */
  networkEvents(listener: NetworkListener): Subscription;
  /** Addresses of a host's name. Throws when it has none. */
  lookUp(name: string, timeoutMs: number): Promise<string[]>;
  /** Sends one datagram (UDP) and waits for the answer of that very address. Throws ETIMEDOUT. */
  exchange(request: DatagramRequest): Promise<DatagramReply>;
}
