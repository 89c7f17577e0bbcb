import { oneLine } from "../../command/one-line.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import { nameByDhcp } from "../hostname/stage.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { refreshHostAddress } from "./host-address.ts";
import { leaseFolder, leasePath, readLeases } from "./leases.ts";
import { refreshResolvConf } from "./resolv-conf.ts";
import { keepRouterNameServers } from "./router-name-servers.ts";

/**
 * Keeps the network as its surroundings change, for as long as this process lives: DHCP asks again when a cable
 * was plugged in, name servers of routers are heard, resolv.conf follows, and so does the name of a host that has none.
 * `onChange` is called when addresses may have changed.
 */
export function keepNetwork(
  kernel: Kernel,
  options: BootOptions,
  clients: DhcpClients,
  onChange: () => void = () => undefined,
): Subscription {
  kernel.mkdir(leaseFolder);
  const guarded = (change: () => void): void => {
    try {
      change();
    } catch (error) {
      kernel.tellKernelLog(`network: ${oneLine(error)}`);
    }
  };
  const refresh = () => {
    guarded(() => refreshResolvConf(kernel, options.network.nameServers));
    guarded(() => refreshHostAddress(kernel));
    nameByDhcp(
      kernel,
      options,
      readLeases(kernel).find(({ hostname }) => hostname)?.hostname,
    ).catch((error) => kernel.tellKernelLog(`hostname: ${oneLine(error)}`));
    guarded(onChange);
  };
  const carriers = new Map<number, boolean>();
  const routers = keepRouterNameServers(kernel, clients, guarded);
  const folder = kernel.watchFolder(leaseFolder, refresh);
  const network = kernel.networkEvents({
    onLink({ name, index, hasCarrier, isGone }) {
      const hadCarrier = carriers.get(index);
      if (isGone) {
        carriers.delete(index);
      } else {
        carriers.set(index, hasCarrier);
      }
      if (!isGone && hasCarrier && hadCarrier === false) {
        guarded(() => clients.renew(name));
      }
      // Each event of it, since the one that says that a cable is in may come before the state that is read.
      if (clients.has(name) || kernel.exists(leasePath(name, "static"))) {
        refresh();
      }
    },
    onNameServers: routers.hear,
    onAddress: () => guarded(onChange),
    onLost: () => carriers.clear(),
  });
  refresh();
  return {
    close() {
      folder.close();
      network.close();
      routers.close();
    },
  };
}
