import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { isIpAddress } from "../../settings/options/ip-address.ts";
import { hostnamePattern } from "../../settings/options/names.ts";

/**
 * Where it is kept what each interface was told: one file for each interface and source ("eth0.dhcp"), a word and a value
 * on each line. DHCP's are written by udhcpc's script.
 */
export const leaseFolder = "/run/network";
/** In the order in which their name servers are asked. */
const leaseSources = ["static", "dhcp", "ra"] as const;
/** Who gave an interface its addresses and name servers. */
export type LeaseSource = (typeof leaseSources)[number];

/** What an interface was told, as far as it can be used. */
export interface Lease {
  interfaceName: string;
  source: LeaseSource;
  /** "10.0.2.15/24"; undefined where only other things are known. */
  address: string | undefined;
  /** The way out, and who answered to DHCP. */
  router: string | undefined;
  dhcpServer: string | undefined;
  nameServers: readonly string[];
  searchDomains: readonly string[];
  timeServers: readonly string[];
  /** What DHCP calls this host. */
  hostname: string | undefined;
}

/** File that says what an interface got from that source. */
export function leasePath(interfaceName: string, source: LeaseSource): SystemPath {
  return `${leaseFolder}/${interfaceName}.${source}`;
}

/** All leases, by source and then by interface. */
export function readLeases(kernel: Kernel): Lease[] {
  const names = kernel.listIfPresent(leaseFolder);
  return leaseSources.flatMap((source) =>
    names
      .filter((name) => name.endsWith(`.${source}`))
      .flatMap((name) => {
        // It may go between the two calls.
        const text = kernel.readTextIfPresent(`${leaseFolder}/${name}`);
        const interfaceName = name.slice(0, -source.length - 1);
        return text === undefined ? [] : [parseLease(interfaceName, source, text)];
      }),
  );
}

/** Whatever a server sent: what has another form than it should is left out. */
export function parseLease(interfaceName: string, source: LeaseSource, text: string): Lease {
  const values = (key: string): string[] =>
    text.split("\n").flatMap((line) => {
      const [word, ...rest] = line.trim().split(/\s+/);
      return word === key ? rest : [];
    });
  const isServer = (server: string) => isIpAddress(server.replace(/%[\w.-]+$/, ""));
  return {
    interfaceName,
    source,
    address: values("address")[0],
    router: values("router").find(isIpAddress),
    dhcpServer: values("server").find(isIpAddress),
    nameServers: values("dns").filter(isServer),
    searchDomains: values("search").filter((name) => /^[A-Za-z0-9_.-]{1,253}$/.test(name)),
    timeServers: values("ntp").filter(isServer),
    hostname: values("host").find((name) => hostnamePattern.test(name)),
  };
}

/** The text of a lease of ours. */
export function leaseText(lease: Partial<Lease>): string {
  const lines = [
    ["address", lease.address ?? ""],
    ["dns", (lease.nameServers ?? []).join(" ")],
    ["search", (lease.searchDomains ?? []).join(" ")],
    ["ntp", (lease.timeServers ?? []).join(" ")],
  ];
  return lines
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key} ${value}\n`)
    .join("");
}
