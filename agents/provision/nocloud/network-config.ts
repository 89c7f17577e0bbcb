import { prefixOf } from "../../settings/options/interface-setting.ts";
import { isIpAddress, isIpv4 } from "../../settings/options/ip-address.ts";
import type {
  ProvisionedInterface,
  ProvisionedNetwork,
  ProvisionedRoute,
} from "../model/provision.ts";
import { at, isList, isMap, switchOf, textOf, type YamlMap } from "./values.ts";

/** What of a network-config this system does. */
export interface NetworkConfig {
  network: ProvisionedNetwork | undefined;
  /** By their names in the file: "bonds", "ethernets.eth0.dhcp4-overrides". */
  notHonoured: string[];
  /** Values that are none. */
  warnings: string[];
}

/** The same bounds as those of "ip=". */
const mtuBounds = { least: 576, most: 65_535 };
/** Properties of an interface that ask for nothing that isn't so already. */
const silent = ["optional", "critical", "renderer", "dhcp6", "accept-ra", "link-local"];

/** A network-config on its way into the model. */
class Reading {
  readonly interfaces: ProvisionedInterface[] = [];
  readonly nameServers: string[] = [];
  readonly searchDomains: string[] = [];
  readonly notHonoured: string[] = [];
  readonly warnings: string[] = [];

  /** Names the properties that are not among the known ones. */
  nameOthers(map: YamlMap, known: readonly string[], place: string): void {
    for (const name of Object.keys(map)) {
      if (!known.includes(name)) {
        this.notHonoured.push(place === "" ? name : `${place}.${name}`);
      }
    }
  }

  complain(place: string, value: unknown, expected: string): void {
    const found = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : "something else";
    this.warnings.push(`${place}: expected ${expected}, found ${found}`);
  }

  /** "10.0.0.5/24", or an address and its netmask. */
  address(value: unknown, netmask: unknown, place: string): string[] {
    const [ip = "", bits = textOf(netmask) ?? ""] = (textOf(value) ?? "").split("/");
    const prefix = isIpAddress(ip) ? prefixOf(ip, bits) : undefined;
    if (prefix === undefined) {
      this.complain(place, value, "an address with its network's bits");
      return [];
    }
    return [`${ip}/${prefix}`];
  }

  /** Where a route leads, through whom, and its metric. */
  route(to: string | undefined, via: unknown, metric: unknown, place: string): ProvisionedRoute[] {
    const gateway = textOf(via) ?? "";
    if (to === undefined || !isIpAddress(gateway)) {
      this.complain(place, via, "a network and the address of a router");
      return [];
    }
    const number = Number(textOf(metric));
    const isMetric = textOf(metric) !== undefined && Number.isInteger(number) && number >= 0;
    return [{ to, via: gateway, metric: isMetric ? number : undefined }];
  }

  mtu(value: unknown, place: string): number | undefined {
    const text = textOf(value);
    if (text === undefined) {
      return undefined;
    }
    const mtu = Number(text);
    if (Number.isInteger(mtu) && mtu >= mtuBounds.least && mtu <= mtuBounds.most) {
      return mtu;
    }
    this.complain(place, value, `an MTU of ${mtuBounds.least} to ${mtuBounds.most}`);
    return undefined;
  }

  /** Name servers and domains: lists, or texts of them. */
  servers(addresses: unknown, domains: unknown, place: string): void {
    for (const server of wordsOf(addresses)) {
      if (isIpAddress(server)) {
        this.nameServers.push(server);
      } else {
        this.complain(place, server, "an address of a name server");
      }
    }
    this.searchDomains.push(...wordsOf(domains).filter((name) => /^[\w.-]{1,253}$/.test(name)));
  }
}

/**
 * Reads a network-config of version 1 or 2 (cloud-init: "Networking config", netplan's form) as "ip=" would say it.
 * Bonds, bridges, VLANs, wireless networks and all else that "ip=" can't say are named. Never throws.
 */
export function readNetworkConfig(document: unknown): NetworkConfig {
  const reading = new Reading();
  const inside = isMap(document) ? at(document, "network") : undefined;
  const config = isMap(inside) ? inside : isMap(document) ? document : {};
  const version = textOf(at(config, "version"));
  const items = at(config, "config");
  if (textOf(items) === "disabled") {
    const match = { name: "*", mac: undefined };
    const nothing = { addresses: [], routes: [], mtu: undefined };
    reading.interfaces.push({ id: "all", match, method: "off", ...nothing });
  } else if (version === "1") {
    readVersion1(items, reading);
  } else if (version === "2") {
    readVersion2(config, reading);
  } else if (Object.keys(config).length > 0) {
    reading.complain("version", version, "1 or 2");
  }
  const { interfaces, nameServers, searchDomains, notHonoured, warnings } = reading;
  const isEmpty = interfaces.length + nameServers.length + searchDomains.length === 0;
  const network = isEmpty ? undefined : { interfaces, nameServers, searchDomains };
  return { network, notHonoured, warnings };
}

function readVersion1(items: unknown, reading: Reading): void {
  const routes: ProvisionedRoute[] = [];
  const found: ProvisionedInterface[] = [];
  for (const item of isList(items) ? items : []) {
    const type = isMap(item) ? textOf(at(item, "type")) : undefined;
    if (!isMap(item) || type === undefined) {
      reading.complain("config", item, "a map with a type");
    } else if (type === "physical") {
      found.push(physical(item, reading));
    } else if (type === "nameserver") {
      reading.servers(at(item, "address"), at(item, "search"), type);
    } else if (type === "route") {
      routes.push(...route1(item, type, reading));
    } else if (type !== "loopback") {
      reading.notHonoured.push([type, textOf(at(item, "name")) ?? ""].join(" ").trim());
    }
  }
  // A route for all is set with the first interface that has an address of its own.
  const carrier = found.find(({ method }) => method === "static") ?? found[0];
  for (const one of found) {
    reading.interfaces.push(one === carrier ? { ...one, routes: [...one.routes, ...routes] } : one);
  }
}

function physical(item: YamlMap, reading: Reading): ProvisionedInterface {
  const mac = textOf(at(item, "mac_address"))?.toLowerCase();
  const name = textOf(at(item, "name"));
  const id = name ?? mac ?? "physical";
  reading.nameOthers(item, ["type", "name", "mac_address", "mtu", "subnets", ...silent], id);
  const subnets = at(item, "subnets");
  const addresses: string[] = [];
  const routes: ProvisionedRoute[] = [];
  let method: ProvisionedInterface["method"] = "static";
  for (const subnet of isList(subnets) ? subnets : []) {
    if (!isMap(subnet)) {
      continue;
    }
    const type = textOf(at(subnet, "type")) ?? "";
    if (type === "dhcp" || type === "dhcp4") {
      method = "dhcp";
    } else if (type === "static" || type === "static6") {
      addresses.push(...reading.address(at(subnet, "address"), at(subnet, "netmask"), id));
    } else if (!["manual", "dhcp6", "ipv6_slaac", "ipv6_dhcpv6-stateless"].includes(type)) {
      reading.notHonoured.push(`${id}: ${type}`);
    }
    const gateway = at(subnet, "gateway");
    if (textOf(gateway) !== undefined) {
      routes.push(...reading.route("default", gateway, undefined, id));
    }
    const inner = at(subnet, "routes");
    for (const one of isList(inner) ? inner : []) {
      routes.push(...(isMap(one) ? route1(one, id, reading) : []));
    }
    reading.servers(at(subnet, "dns_nameservers"), at(subnet, "dns_search"), id);
    const known = ["type", "address", "netmask", "gateway", "routes", "control", "ipv4", "ipv6"];
    reading.nameOthers(subnet, [...known, "dns_nameservers", "dns_search", "broadcast"], id);
  }
  return {
    id,
    match: { name, mac },
    method,
    addresses,
    routes,
    mtu: reading.mtu(at(item, "mtu"), id),
  };
}

/** "destination" (or "network") with its bits, or with a netmask beside it. */
function route1(route: YamlMap, place: string, reading: Reading): ProvisionedRoute[] {
  const destination = at(route, "destination") ?? at(route, "network") ?? at(route, "to");
  const netmask = textOf(at(route, "netmask")) ?? textOf(at(route, "prefix"));
  const to = networkOf(textOf(destination), netmask);
  return reading.route(to, at(route, "gateway") ?? at(route, "via"), at(route, "metric"), place);
}

/** "default" and "10.0.0.0/8" of what people write; undefined for what is no network. */
function networkOf(text: string | undefined, netmask?: string): string | undefined {
  if (text === undefined || text === "default") {
    return text;
  }
  const [ip = "", bits = netmask ?? (isIpv4(text) ? "32" : "128")] = text.split("/");
  const prefix = isIpAddress(ip) ? prefixOf(ip, bits) : undefined;
  if (prefix === undefined) {
    return undefined;
  }
  return prefix === 0 ? "default" : `${ip}/${prefix}`;
}

function readVersion2(config: YamlMap, reading: Reading): void {
  reading.nameOthers(config, ["version", "ethernets", "renderer"], "");
  const ethernets = at(config, "ethernets");
  for (const [id, entry] of Object.entries(isMap(ethernets) ? ethernets : {})) {
    const ethernet = isMap(entry) ? entry : {};
    const place = `ethernets.${id}`;
    const match = at(ethernet, "match");
    const by = isMap(match) ? match : {};
    reading.nameOthers(by, ["macaddress", "name"], `${place}.match`);
    const mac = textOf(at(by, "macaddress"))?.toLowerCase();
    const name = textOf(at(by, "name")) ?? (isMap(match) ? undefined : id);
    if (mac === undefined && name === undefined) {
      reading.notHonoured.push(place);
      continue;
    }
    reading.interfaces.push({
      id,
      match: { name, mac },
      method: switchOf(at(ethernet, "dhcp4")) === true ? "dhcp" : "static",
      addresses: addresses2(at(ethernet, "addresses"), place, reading),
      routes: routes2(ethernet, place, reading),
      mtu: reading.mtu(at(ethernet, "mtu"), place),
    });
    const servers = at(ethernet, "nameservers");
    if (isMap(servers)) {
      reading.servers(at(servers, "addresses"), at(servers, "search"), place);
    }
    const known = ["match", "dhcp4", "addresses", "gateway4", "gateway6", "routes"];
    reading.nameOthers(ethernet, [...known, "mtu", "nameservers", ...silent], place);
  }
}

/** Texts, or maps whose name is the address. */
function addresses2(value: unknown, place: string, reading: Reading): string[] {
  return (isList(value) ? value : []).flatMap((item) => {
    const address = isMap(item) ? Object.keys(item)[0] : item;
    return reading.address(address, undefined, place);
  });
}

function routes2(ethernet: YamlMap, place: string, reading: Reading): ProvisionedRoute[] {
  const gateways = ["gateway4", "gateway6"].flatMap((name) => {
    const gateway = at(ethernet, name);
    return textOf(gateway) === undefined
      ? []
      : reading.route("default", gateway, undefined, `${place}.${name}`);
  });
  const routes = at(ethernet, "routes");
  const others = (isList(routes) ? routes : []).flatMap((route) => {
    if (!isMap(route)) {
      return [];
    }
    reading.nameOthers(route, ["to", "via", "metric", "on-link"], `${place}.routes`);
    const to = networkOf(textOf(at(route, "to")));
    return reading.route(to, at(route, "via"), at(route, "metric"), `${place}.routes`);
  });
  return [...gateways, ...others];
}

/** The words of a text, or of the texts of a list. */
function wordsOf(value: unknown): string[] {
  const texts = isList(value) ? value : [value];
  return texts.flatMap((text) =>
    (textOf(text) ?? "").split(/[\s,]+/).filter((word) => word !== ""),
  );
}
