import type { ProvisionedNetwork } from "../model/provision.ts";
import { Reading } from "./network-config-reading.ts";
import { readVersion1 } from "./network-config-v1.ts";
import { readVersion2 } from "./network-config-v2.ts";
import { at, isMap, textOf } from "./values.ts";

/** The part of a network-config that is supported. */
export interface NetworkConfig {
  network: ProvisionedNetwork | undefined;
  /** By their names in the file: "bonds", "ethernets.eth0.dhcp4-overrides". */
  notHonoured: string[];
  /** Values that are none. */
  warnings: string[];
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
    reading.warn("version", version, "1 or 2");
  }
  const { interfaces, nameServers, searchDomains, notHonoured, warnings } = reading;
  const isEmpty = interfaces.length + nameServers.length + searchDomains.length === 0;
  const network = isEmpty ? undefined : { interfaces, nameServers, searchDomains };
  return { network, notHonoured, warnings };
}
