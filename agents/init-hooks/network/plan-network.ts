import type { SystemPath } from "../../kernel/system-path.ts";
import type { InterfaceSetting, Route } from "../../settings/options/interface-setting.ts";
import { ipv4Network, isIpv4, isIpv6 } from "../../settings/options/ip-address.ts";
import type { NetworkOptions } from "../../settings/options/network.ts";

/** A network interface as the kernel lists it. */
export interface Interface {
  name: string;
  /** The kernel's number: one that comes later has a higher one. */
  index: number;
  /** ARPHRD_…: 1 is Ethernet, 772 the loopback. */
  type: number;
  /** "52:54:00:12:34:56", in lower case; undefined where there is none. */
  mac?: string | undefined;
  /** Folder of the hardware behind it in /sys/devices: bridges and the like of containers have none. */
  device: string | undefined;
}

/** Whether it is an Ethernet interface with hardware: those of containers have none. */
export function hasHardware({ type, device }: Interface): boolean {
  return type === 1 && device !== undefined;
}

/** How one interface is served. */
export interface InterfacePlan {
  interfaceName: string;
  method: "dhcp" | "static";
  /** Programs to run before DHCP, or instead of it. */
  commands: readonly (readonly string[])[];
  setting: InterfaceSetting | undefined;
  /** What stays when DHCP's own address comes and goes. */
  beside?: BesideDhcp;
}

/** Addresses and routes of IPv4 that somebody wants on an interface besides those that DHCP gives. */
export interface BesideDhcp {
  addresses: readonly string[];
  routes: readonly Required<Route>[];
}

/** An earlier interface's routes win over a later one's, and over those of DHCP. */
const firstMetric = 50;
const firstDhcpMetric = 100;

/**
 * How every Ethernet interface with hardware gets its addresses, whatever its name: as an "ip=" says that names it or
 * any interface, else by DHCP. An address without an interface's name goes to the first interface that none names.
 */
export function planInterfaces(
  interfaces: readonly Interface[],
  { nodhcp, network }: { nodhcp: boolean; network: NetworkOptions },
): InterfacePlan[] {
  const served = interfaces.filter(hasHardware);
  const withoutName = network.interfaces.filter(
    ({ interfaceName, method }) => !interfaceName && method === "static",
  );
  const forAll = network.interfaces.findLast(
    ({ interfaceName, method }) => !interfaceName && method !== "static",
  );
  return served.flatMap(({ name }, index): InterfacePlan[] => {
    const own = network.interfaces.filter(({ interfaceName }) => interfaceName === name);
    const settings = own.length > 0 ? own : withoutName.splice(0);
    const statics = settings.filter(({ method }) => method === "static");
    if (statics.length > 0) {
      return [planStatic(name, statics, firstMetric + index)];
    }
    const setting = settings.at(-1) ?? forAll;
    const isOff = setting === undefined ? nodhcp : setting.method === "off";
    if (isOff) {
      return [];
    }
    const metric = firstMetric + index;
    const beside = besideDhcp(setting, metric);
    return [
      {
        ...{ interfaceName: name, method: "dhcp", setting },
        commands: commandsBefore(name, setting, metric, beside),
        ...(beside === undefined ? {} : { beside }),
      },
    ];
  });
}

function besideDhcp(setting: InterfaceSetting | undefined, metric: number): BesideDhcp | undefined {
  const addresses = (setting?.addresses ?? []).filter((one) => isIpv4(one.split("/")[0] ?? ""));
  const routes = (setting?.routes ?? [])
    .filter(({ via }) => isIpv4(via))
    .map((route) => ({ ...route, metric: route.metric ?? metric }));
  return addresses.length + routes.length === 0 ? undefined : { addresses, routes };
}

/** What is set before DHCP asks. Routes through DHCP's own network wait for its answer. */
function commandsBefore(
  interfaceName: string,
  setting: InterfaceSetting | undefined,
  metric: number,
  beside: BesideDhcp | undefined,
): string[][] {
  const { mtu, addresses = [] } = setting ?? {};
  const hasIpv4 = (beside?.addresses ?? []).length > 0;
  const routes = (setting?.routes ?? []).filter(({ via }) => hasIpv4 || isIpv6(via));
  const link = ["ip", "link", "set", "dev", interfaceName];
  return [
    ...(mtu === undefined ? [] : [[...link, "mtu", String(mtu)]]),
    ...(addresses.length + routes.length === 0 ? [] : [[...link, "up"]]),
    ...addresses.flatMap((address) => addressCommands(interfaceName, address, metric)),
    ...routes.map((route) => routeCommand(interfaceName, route, metric)),
  ];
}

/** Several "ip=" for one interface add up: an address of IPv4 and one of IPv6. */
function planStatic(
  interfaceName: string,
  settings: readonly InterfaceSetting[],
  metric: number,
): InterfacePlan {
  const mtu = settings.findLast((setting) => setting.mtu !== undefined)?.mtu;
  const up = ["ip", "link", "set", "dev", interfaceName];
  const commands = [[...up, ...(mtu === undefined ? [] : ["mtu", String(mtu)]), "up"]];
  for (const { addresses, gateway, routes = [] } of settings) {
    for (const address of addresses) {
      commands.push(...addressCommands(interfaceName, address, metric));
    }
    const out = gateway === undefined ? [] : [{ to: "default", via: gateway, metric: undefined }];
    for (const route of [...out, ...routes]) {
      commands.push(routeCommand(interfaceName, route, metric));
    }
  }
  const setting = {
    interfaceName,
    method: "static" as const,
    addresses: settings.flatMap(({ addresses }) => addresses),
    gateway: undefined,
    mtu,
    nameServers: settings.flatMap(({ nameServers }) => nameServers),
    timeServers: settings.flatMap(({ timeServers }) => timeServers),
  };
  return { interfaceName, method: "static", commands, setting };
}

function routeCommand(interfaceName: string, route: Route, metric: number): string[] {
  const { to, via } = route;
  const family = isIpv6(via) ? ["-6"] : [];
  const way = [to, "via", via, "dev", interfaceName, "metric", String(route.metric ?? metric)];
  // The way out of a network of one address (a /32, as some clouds give) lies outside it.
  const onlink = isIpv6(via) ? [] : ["onlink"];
  return ["ip", ...family, "route", "replace", ...way, ...onlink];
}

/** The kernel's own route to the interface's network has no metric: of two interfaces in it the last one set would win. */
function addressCommands(interfaceName: string, address: string, metric: number): string[][] {
  const add = ["ip", "addr", "replace", address, "dev", interfaceName];
  const network = ipv4Network(address);
  if (network === undefined) {
    return [add];
  }
  const [source = ""] = address.split("/");
  const route = ["ip", "route", "replace", network, "dev", interfaceName, "src", source];
  return [
    [...add, "noprefixroute"],
    [...route, "scope", "link", "proto", "kernel", "metric", String(metric)],
  ];
}

/**
 * Metrics for the routes of interfaces that come at the same time: as they sit on the machine's buses, whichever driver
 * was there first. So of several interfaces in one network it is always the same one that answers and asks. Interfaces that
 * come later have higher ones, since the kernel's numbers go up.
 */
export function planMetrics(interfaces: readonly Interface[]): Map<string, number> {
  const indexes = interfaces.map(({ index }) => index).toSorted((a, b) => a - b);
  const inPlace = interfaces.toSorted((a, b) => compare(a.device ?? "", b.device ?? ""));
  return new Map(inPlace.map(({ name }, at) => [name, firstDhcpMetric + (indexes[at] ?? 0)]));
}

function compare(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}

/** udhcpc for one interface: goes on asking, keeps the lease, sends our name. */
export function dhcpCommand(interfaceName: string, hostname: string): string[] {
  return [
    ...["udhcpc", "-f", "-S", "-i", interfaceName, "-x", `hostname:${hostname}`],
    ...["-s", "/usr/share/udhcpc/default.script", "-p", dhcpPidPath(interfaceName)],
    // An offer comes within milliseconds or, where a switch learns the port first, within a minute.
    ...["-t", "5", "-T", "1", "-A", "10"],
    ...["-O", "search", "-O", "mtu", "-O", "ntpsrv", "-O", "staticroutes", "-O", "msstaticroutes"],
    // Somebody may have the offered address already (RFC 2131, 4.4.1), and answers within so many ms (NetworkManager's too).
    "-a200",
  ];
}

/** Pid file of the interface's DHCP client. */
export function dhcpPidPath(interfaceName: string): SystemPath {
  return `/run/udhcpc.${interfaceName}.pid`;
}

/** What is asked when DHCP gives no name servers (boot2podman's, of old). */
export const fallbackResolvConf = ["1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4"]
  .map((server) => `nameserver ${server}\n`)
  .join("");
