import type { Kernel } from "../../kernel/kernel.ts";
import type { ProvisionedInterface, ProvisionedNetwork } from "../../provision/model/provision.ts";
import { provisionOfNoCloud } from "../../provision/read-provisions.ts";
import type { InterfaceSetting } from "../../settings/options/interface-setting.ts";
import type { NetworkOptions } from "../../settings/options/network.ts";
import { leaseFolder, leasePath, leaseText } from "./leases.ts";
import type { Interface } from "./plan-network.ts";

/** What stands for an interface in the name of the file with the name servers that a NoCloud disk gives. */
const leaseName = "nocloud";

/**
 * The settings of "ip=", and for interfaces that none of them is about those of a NoCloud disk. Puts the disk's name
 * servers where those of interfaces are. Throws a KernelError when they can't be written.
 */
export async function withProvisioned(
  kernel: Kernel,
  interfaces: readonly Interface[],
  options: NetworkOptions,
): Promise<NetworkOptions> {
  const network = (await provisionOfNoCloud(kernel))?.network;
  if (network === undefined) {
    return options;
  }
  keepNameServers(kernel, network);
  return {
    ...options,
    interfaces: [...options.interfaces, ...settingsOf(interfaces, network, options)],
  };
}

/** The disk's settings, under the names that its interfaces have here; pure. */
export function settingsOf(
  interfaces: readonly Interface[],
  network: ProvisionedNetwork,
  options: NetworkOptions,
): InterfaceSetting[] {
  const isForAll = options.interfaces.some(({ interfaceName }) => interfaceName === undefined);
  const named = new Set(options.interfaces.map(({ interfaceName }) => interfaceName));
  const own = interfaces.filter(({ name }) => !isForAll && !named.has(name));
  return own.flatMap((one): InterfaceSetting[] => {
    const found = network.interfaces.find(({ match }) => matches(match, one));
    return found === undefined ? [] : [settingOf(one.name, found)];
  });
}

/** What the disk says of interfaces that are not here, by its names for them; they may come later. */
export async function absentInterfaces(
  kernel: Kernel,
  interfaces: readonly Interface[],
): Promise<string[]> {
  const network = (await provisionOfNoCloud(kernel))?.network;
  return (network?.interfaces ?? [])
    .filter(({ match }) => !interfaces.some((one) => matches(match, one)))
    .map(({ id }) => id);
}

function settingOf(interfaceName: string, found: ProvisionedInterface): InterfaceSetting {
  const { method, addresses, routes, mtu } = found;
  const servers = { nameServers: [], timeServers: [] };
  return { interfaceName, method, addresses, gateway: undefined, mtu, routes, ...servers };
}

/** By the hardware's address where one is given: names are not the same everywhere. */
function matches({ name, mac }: ProvisionedInterface["match"], one: Interface): boolean {
  return mac !== undefined ? one.mac === mac : name !== undefined && isLike(one.name, name);
}

/** Whether a name is of a pattern with * and ?, as of the shell; others signs mean themselves. */
function isLike(name: string, pattern: string): boolean {
  let [at, from] = [0, 0];
  let star = -1;
  for (let index = 0; index < name.length; ) {
    if (pattern[at] === "?" || pattern[at] === name[index]) {
      at += 1;
      index += 1;
    } else if (pattern[at] === "*") {
      star = at;
      from = index;
      at += 1;
    } else if (star >= 0) {
      at = star + 1;
      from += 1;
      index = from;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}

function keepNameServers(kernel: Kernel, { nameServers, searchDomains }: ProvisionedNetwork): void {
  const path = leasePath(leaseName, "static");
  const text = leaseText({ nameServers, searchDomains });
  if (text === "" || kernel.readTextIfPresent(path) === text) {
    return;
  }
  kernel.mkdir(leaseFolder);
  kernel.writeAtomic(path, text);
}
