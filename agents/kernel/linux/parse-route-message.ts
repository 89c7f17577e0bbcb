import { ipv6Text } from "../ipv6-text.ts";
import type { LinkEvent, RouterNameServers } from "../network.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_NEWNDUSEROPT = 68;
const IFLA_IFNAME = 3;
const IFF_LOWER_UP = 0x10000;
const ROUTER_ADVERTISEMENT = 134;
const RDNSS = 25;
const DNSSL = 31;
const NDUSEROPT_SRCADDR = 1;
const headerBytes = 16;

/** A message of NETLINK_ROUTE that somebody here wants. */
export type RouteMessage =
  | ({ of: "link" } & LinkEvent)
  | { of: "address" }
  | ({ of: "name servers" } & RouterNameServers);

/**
 * Reads what came from a NETLINK_ROUTE socket, which may be several messages (kernel: rtnetlink.h). Those that
 * nobody asked for, and cut off ones, are left out.
 */
export function parseRouteMessages(bytes: Uint8Array): RouteMessage[] {
  const found: RouteMessage[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < headerBytes || at + length > bytes.length) {
      break;
    }
    const type = view.getUint16(at + 4, true);
    const body = bytes.subarray(at + headerBytes, at + length);
    const message = parseBody(type, body);
    if (message !== undefined) {
      found.push(message);
    }
    at += aligned(length);
  }
  return found;
}

function parseBody(type: number, body: Uint8Array): RouteMessage | undefined {
  switch (type) {
    case RTM_NEWNDUSEROPT:
      return parseNameServers(body);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return { of: "address" };
    default:
      return parseLink(body, type);
  }
}

/** struct ifinfomsg: family, type, index, flags, change; then attributes. */
function parseLink(body: Uint8Array, type: number): RouteMessage | undefined {
  if ((type !== RTM_NEWLINK && type !== RTM_DELLINK) || body.length < 16) {
    return undefined;
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const name = attribute(body.subarray(16), IFLA_IFNAME);
  if (name === undefined) {
    return undefined;
  }
  return {
    of: "link",
    name: new TextDecoder().decode(name).replace(/\0.*$/s, ""),
    index: view.getInt32(4, true),
    hasCarrier: (view.getUint32(8, true) & IFF_LOWER_UP) !== 0,
    isGone: type === RTM_DELLINK,
  };
}

function attribute(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) {
      return undefined;
    }
    if (view.getUint16(at + 2, true) === wanted) {
      return bytes.subarray(at + 4, at + length);
    }
    at += aligned(length);
  }
  return undefined;
}

/**
 * struct nduseroptmsg: family, length of options, interface, ICMP type; then one option of RFC 8106, and the router's address
 * as an attribute.
 */
function parseNameServers(body: Uint8Array): RouteMessage | undefined {
  if (body.length < 16 + 8) {
    return undefined;
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const kind = view.getUint8(16);
  if (view.getUint8(8) !== ROUTER_ADVERTISEMENT || (kind !== RDNSS && kind !== DNSSL)) {
    return undefined;
  }
  const end = Math.min(body.length, 16 + view.getUint8(17) * 8);
  const content = body.subarray(24, end);
  const router = attribute(
    body.subarray(Math.min(body.length, 16 + aligned(view.getUint16(2, true)))),
    NDUSEROPT_SRCADDR,
  );
  return {
    of: "name servers",
    interfaceIndex: view.getInt32(4, true),
    router: router?.length === 16 ? ipv6Text(router) : "",
    lifetimeS: view.getUint32(20, false),
    servers: kind === RDNSS ? parseAddresses(content) : [],
    domains: kind === DNSSL ? parseDomains(content) : [],
  };
}

function parseAddresses(content: Uint8Array): string[] {
  const servers: string[] = [];
  for (let at = 0; at + 16 <= content.length; at += 16) {
    servers.push(ipv6Text(content.subarray(at, at + 16)));
  }
  return servers;
}

/** Names as RFC 1035, 3.1, has them, without compression, then zeros (RFC 8106, 5.2). Whatever else is there ends the list. */
function parseDomains(content: Uint8Array): string[] {
  const domains: string[] = [];
  let labels: string[] = [];
  for (let at = 0; at < content.length; ) {
    const length = content[at] ?? 0;
    const label = new TextDecoder().decode(content.subarray(at + 1, at + 1 + length));
    at += 1 + length;
    if (length === 0) {
      if (labels.length === 0) {
        break;
      }
      domains.push(labels.join("."));
      labels = [];
    } else if (at > content.length || !/^[A-Za-z0-9_-]{1,63}$/.test(label)) {
      break;
    } else {
      labels.push(label);
    }
  }
  return domains.filter((domain) => domain.length <= 253);
}

/** Messages and attributes begin at multiples of four bytes. */
function aligned(length: number): number {
  return (length + 3) & ~3;
}
