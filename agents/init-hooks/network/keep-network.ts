import { oneLine } from "../../command/one-line.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { refreshHostAddress } from "./host-address.ts";
import { leaseFolder } from "./leases.ts";
import { refreshResolvConf } from "./resolv-conf.ts";
import { keepRouterNameServers } from "./router-name-servers.ts";

/**
 * Keeps the network as its surroundings change, for as long as this process lives: DHCP asks again when a cable
 * was plugged in, name servers of routers are heard, and resolv.conf follows.
 */
export function keepNetwork(
  kernel: Kernel,
  options: BootOptions,
  clients: DhcpClients,
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
    },
    onNameServers: routers.hear,
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
