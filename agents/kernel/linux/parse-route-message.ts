import type { LinkEvent, RouterNameServers } from "../network.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWNDUSEROPT = 68;
const IFLA_IFNAME = 3;
const IFF_LOWER_UP = 0x10000;
const ROUTER_ADVERTISEMENT = 134;
const RDNSS = 25;
const headerBytes = 16;

/** A message of NETLINK_ROUTE that somebody here wants. */
export type RouteMessage =
  | ({ of: "link" } & LinkEvent)
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
    const message = type === RTM_NEWNDUSEROPT ? parseNameServers(body) : parseLink(body, type);
    if (message !== undefined) {
      found.push(message);
    }
    at += aligned(length);
  }
  return found;
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

/** struct nduseroptmsg: family, length of options, interface, ICMP type; then one option of RFC 8106. */
function parseNameServers(body: Uint8Array): RouteMessage | undefined {
  if (body.length < 16 + 8) {
    return undefined;
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (view.getUint8(8) !== ROUTER_ADVERTISEMENT || view.getUint8(16) !== RDNSS) {
    return undefined;
  }
  const optionBytes = view.getUint8(17) * 8;
  const servers: string[] = [];
  for (let at = 24; at + 16 <= Math.min(body.length, 16 + optionBytes); at += 16) {
    servers.push(ipv6Text(body.subarray(at, at + 16)));
  }
  return {
    of: "name servers",
    interfaceIndex: view.getInt32(4, true),
    lifetimeS: view.getUint32(20, false),
    servers,
  };
}

/** The address in the form of RFC 5952: without leading zeros, the first longest run of zeros as "::". */
export function ipv6Text(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2));
  let best = { from: 0, length: 1 };
  for (let from = 0; from < 8; from += 1) {
    let length = 0;
    while (from + length < 8 && groups[from + length] === 0) {
      length += 1;
    }
    if (length > best.length) {
      best = { from, length };
    }
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) {
    return text(groups);
  }
  return `${text(groups.slice(0, best.from))}::${text(groups.slice(best.from + best.length))}`;
}

/** Messages and attributes begin at multiples of four bytes. */
function aligned(length: number): number {
  return (length + 3) & ~3;
}
