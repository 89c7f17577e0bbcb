import type { ProvisionedInterface, ProvisionedRoute } from "../model/provision.ts";
import { networkOf, type Reading, silent } from "./network-config-reading.ts";
import { at, isList, isMap, textOf, type YamlMap } from "./values.ts";

/** Reads the items of version 1 (cloud-init: "Networking config Version 1"). */
export function readVersion1(items: unknown, reading: Reading): void {
  const routes: ProvisionedRoute[] = [];
  const found: ProvisionedInterface[] = [];
  for (const item of isList(items) ? items : []) {
    const type = isMap(item) ? textOf(at(item, "type")) : undefined;
    if (!isMap(item) || type === undefined) {
      reading.warn("config", item, "a map with a type");
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
