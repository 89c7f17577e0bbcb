import { isIpAddress, isIpv4, isIpv6 } from "./ip-address.ts";

/** How one interface gets its addresses. */
export interface InterfaceSetting {
  /** Undefined: any interface, or the first one for an address. */
  interfaceName: string | undefined;
  method: "dhcp" | "static" | "off";
  /** "192.168.1.5/24" */
  addresses: readonly string[];
  gateway: string | undefined;
  mtu: number | undefined;
  nameServers: readonly string[];
  timeServers: readonly string[];
  /** Besides the gateway; "ip=" has none. */
  routes?: readonly Route[];
}

/** A way to a network. */
export interface Route {
  /** "10.0.0.0/8", "default" */
  to: string;
  via: string;
  /** Undefined: that of the interface's other routes. */
  metric: number | undefined;
}

const methods: Readonly<Record<string, InterfaceSetting["method"]>> = {
  dhcp: "dhcp",
  on: "dhcp",
  any: "dhcp",
  off: "off",
  none: "off",
};
const smallestMtu = 576;
const largestMtu = 65_535;

/** The forms of `ip=`, for messages and help (kernel: Documentation/admin-guide/nfs/nfsroot.rst). */
export const ipForms =
  "METHOD, INTERFACE:METHOD[:MTU] or ADDRESS::GATEWAY:NETMASK::INTERFACE:off[:MTU or DNS[:DNS[:NTP]]]";

/**
 * One "ip=": the kernel's form (Documentation/admin-guide/nfs/nfsroot.rst) and what dracut made of it
 * (dracut.cmdline(7)): IPv6 in brackets, lengths of prefixes as netmasks, an MTU. The peer and the host's name
 * in it mean nothing here. Undefined when it can't be understood.
 */
export function parseIpSetting(value: string): InterfaceSetting | undefined {
  const parts = partsOf(value);
  if (parts === undefined) {
    return undefined;
  }
  const [first = "", second = ""] = parts;
  if (parts.length === 1 && methods[first] !== undefined) {
    return withMethod(undefined, first, "");
  }
  if (parts.length <= 3 && methods[second] !== undefined) {
    return withMethod(first, second, parts[2] ?? "");
  }
  return parseAddressForm(parts);
}

function withMethod(
  interfaceName: string | undefined,
  word: string,
  mtu: string,
): InterfaceSetting | undefined {
  const method = methods[word];
  if (method === undefined || interfaceName === "") {
    return undefined;
  }
  const bare = { ...empty, interfaceName, method };
  return mtu === "" ? bare : withMtu(bare, mtu);
}

function parseAddressForm(parts: readonly string[]): InterfaceSetting | undefined {
  const [address = "", , gateway = "", netmask = "", , interfaceName = "", word = "", ...rest] =
    parts;
  const method = word === "" ? "off" : methods[word];
  if (method === undefined || rest.length > 3) {
    return undefined;
  }
  const named = { ...empty, interfaceName: interfaceName === "" ? undefined : interfaceName };
  if (address === "") {
    return method === "dhcp" ? withRest({ ...named, method }, rest) : undefined;
  }
  const prefix = prefixOf(address, netmask);
  if (prefix === undefined || !(gateway === "" || isIpAddress(gateway))) {
    return undefined;
  }
  const addresses = [`${address}/${prefix}`];
  const setting = { ...named, method: "static" as const, addresses };
  return withRest({ ...setting, gateway: gateway === "" ? undefined : gateway }, rest);
}

/** What follows the method: an MTU, or name servers and a time server. */
function withRest(
  setting: InterfaceSetting,
  rest: readonly string[],
): InterfaceSetting | undefined {
  const [first = "", second = "", third = ""] = rest;
  if (/^\d+$/.test(first)) {
    return withMtu(setting, first);
  }
  const nameServers = [first, second].filter((server) => server !== "");
  const timeServers = [third].filter((server) => server !== "");
  if (![...nameServers, ...timeServers].every(isIpAddress)) {
    return undefined;
  }
  return { ...setting, nameServers, timeServers };
}

function withMtu(setting: InterfaceSetting, text: string): InterfaceSetting | undefined {
  const mtu = Number(text);
  const isMtu = Number.isInteger(mtu) && mtu >= smallestMtu && mtu <= largestMtu;
  return isMtu ? { ...setting, mtu } : undefined;
}

/** Bits of the network's part; a lone address of IPv4 gets its old class, one of IPv6 a whole link. */
export function prefixOf(address: string, netmask: string): number | undefined {
  const most = isIpv4(address) ? 32 : isIpv6(address) ? 128 : 0;
  if (most === 0) {
    return undefined;
  }
  if (/^\d{1,3}$/.test(netmask)) {
    return Number(netmask) <= most ? Number(netmask) : undefined;
  }
  if (most === 128) {
    return netmask === "" ? 64 : undefined;
  }
  if (netmask === "") {
    return classOf(Number(address.split(".")[0]));
  }
  if (!isIpv4(netmask)) {
    return undefined;
  }
  const bits = netmask.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  const text = bits.join("");
  return /^1*0*$/.test(text) ? text.replaceAll("0", "").length : undefined;
}

function classOf(firstByte: number): number {
  if (firstByte < 128) {
    return 8;
  }
  return firstByte < 192 ? 16 : 24;
}

/** Parts between colons, those in brackets whole and without them. */
function partsOf(value: string): string[] | undefined {
  const parts: string[] = [];
  let rest = value;
  for (;;) {
    const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(:|$)/.exec(rest);
    if (match === null) {
      return undefined;
    }
    parts.push(match[1] ?? match[2] ?? "");
    if (match[3] === "") {
      return parts;
    }
    rest = rest.slice(match[0].length);
  }
}

const empty: Omit<InterfaceSetting, "interfaceName" | "method"> = {
  addresses: [],
  gateway: undefined,
  mtu: undefined,
  nameServers: [],
  timeServers: [],
};
