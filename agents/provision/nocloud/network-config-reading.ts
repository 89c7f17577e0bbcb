import { prefixOf } from "../../settings/options/interface-setting.ts";
import { isIpAddress, isIpv4 } from "../../settings/options/ip-address.ts";
import type { ProvisionedInterface, ProvisionedRoute } from "../model/provision.ts";
import { isList, textOf, type YamlMap } from "./values.ts";

/** The same bounds as those of "ip=". */
const mtuBounds = { least: 576, most: 65_535 };
/** Properties of an interface that ask for nothing that isn't so already. */
export const silent = ["optional", "critical", "renderer", "dhcp6", "accept-ra", "link-local"];

/** A network-config on its way into the model. */
export class Reading {
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

  warn(place: string, value: unknown, expected: string): void {
    const found = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : "something else";
    this.warnings.push(`${place}: expected ${expected}, found ${found}`);
  }

  /** "10.0.0.5/24", or an address and its netmask. */
  address(value: unknown, netmask: unknown, place: string): string[] {
    const [ip = "", bits = textOf(netmask) ?? ""] = (textOf(value) ?? "").split("/");
    const prefix = isIpAddress(ip) ? prefixOf(ip, bits) : undefined;
    if (prefix === undefined) {
      this.warn(place, value, "an address with its network's bits");
      return [];
    }
    return [`${ip}/${prefix}`];
  }

  /** Where a route leads, through whom, and its metric. */
  route(to: string | undefined, via: unknown, metric: unknown, place: string): ProvisionedRoute[] {
    const gateway = textOf(via) ?? "";
    if (to === undefined || !isIpAddress(gateway)) {
      this.warn(place, via, "a network and the address of a router");
      return [];
    }
    const number = Number(textOf(metric));
    const isMetric = textOf(metric) !== undefined && Number.isInteger(number) && number >= 0;
    return [{ to, via: gateway, metric: isMetric ? number : undefined }];
  }

  /** A number within the bounds, or undefined. */
  mtu(value: unknown, place: string): number | undefined {
    const text = textOf(value);
    if (text === undefined) {
      return undefined;
    }
    const mtu = Number(text);
    if (Number.isInteger(mtu) && mtu >= mtuBounds.least && mtu <= mtuBounds.most) {
      return mtu;
    }
    this.warn(place, value, `an MTU of ${mtuBounds.least} to ${mtuBounds.most}`);
    return undefined;
  }

  /** Name servers and domains: lists, or texts of them. */
  servers(addresses: unknown, domains: unknown, place: string): void {
    for (const server of wordsOf(addresses)) {
      if (isIpAddress(server)) {
        this.nameServers.push(server);
      } else {
        this.warn(place, server, "an address of a name server");
      }
    }
    this.searchDomains.push(...wordsOf(domains).filter((name) => /^[\w.-]{1,253}$/.test(name)));
  }
}

/** "default" and "10.0.0.0/8" of what people write; undefined for what is no network. */
export function networkOf(text: string | undefined, netmask?: string): string | undefined {
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

/** The words of a text, or of the texts of a list. */
function wordsOf(value: unknown): string[] {
  const texts = isList(value) ? value : [value];
  return texts.flatMap((text) =>
    (textOf(text) ?? "").split(/[\s,]+/).filter((word) => word !== ""),
  );
}
