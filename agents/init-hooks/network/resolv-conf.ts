import type { Kernel } from "../../kernel/kernel.ts";
import { hasCable } from "./find-interfaces.ts";
import { type Lease, readLeases } from "./leases.ts";
import { fallbackResolvConf } from "./plan-network.ts";

/** The list of name servers, as resolv.conf(5) has it. */
export const resolvConfPath = "/etc/resolv.conf";
/** What was written last, so that what a person writes into resolv.conf stays until the servers change. */
const writtenPath = "/run/boot2podman/resolv.conf";

/** The resolv.conf of all leases; undefined when none of them has a name server. */
export function planResolvConf(
  leases: readonly Pick<Lease, "nameServers" | "searchDomains">[],
): string | undefined {
  const servers = new Set(leases.flatMap(({ nameServers }) => nameServers));
  if (servers.size === 0) {
    return undefined;
  }
  const domains = new Set(leases.flatMap(({ searchDomains }) => searchDomains));
  const search = domains.size === 0 ? "" : `search ${[...domains].join(" ")}\n`;
  return search + [...servers].map((server) => `nameserver ${server}\n`).join("");
}

/**
 * Brings resolv.conf up to what DHCP, routers and options say. Without any name server from them it stays as it
 * is, but never empty.
 */
export function refreshResolvConf(kernel: Kernel, optionServers: readonly string[]): void {
  const fromOptions = { nameServers: optionServers, searchDomains: [] };
  const text = planResolvConf([fromOptions, ...reachable(kernel, readLeases(kernel))]);
  if (text === undefined) {
    const isEmpty = (kernel.readTextIfPresent(resolvConfPath) ?? "").trim() === "";
    if (isEmpty) {
      kernel.writeAtomic(resolvConfPath, fallbackResolvConf);
    }
    return;
  }
  if (kernel.readTextIfPresent(writtenPath) === text) {
    return;
  }
  kernel.writeAtomic(resolvConfPath, text);
  kernel.writeAtomic(writtenPath, text);
}

/** Name servers at the end of a cable that is out are asked only when there are no others. */
function reachable(kernel: Kernel, leases: readonly Lease[]): readonly Lease[] {
  const found = leases.filter(({ interfaceName }) => hasCable(kernel, interfaceName));
  return planResolvConf(found) === undefined ? leases : found;
}
