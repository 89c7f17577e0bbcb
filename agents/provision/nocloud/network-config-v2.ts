import type { ProvisionedRoute } from "../model/provision.ts";
import { networkOf, type Reading, silent } from "./network-config-reading.ts";
import { at, isList, isMap, switchOf, textOf, type YamlMap } from "./values.ts";

/** Reads version 2, which is netplan's form (cloud-init: "Networking config Version 2"). */
export function readVersion2(config: YamlMap, reading: Reading): void {
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
