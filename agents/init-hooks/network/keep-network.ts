import { oneLine } from "../../command/one-line.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { RouterNameServers } from "../../kernel/network.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { networkClassFolder } from "./find-interfaces.ts";
import { leaseFolder, leasePath, leaseText } from "./leases.ts";
import { refreshResolvConf } from "./resolv-conf.ts";

const linkLocal = /^fe[89ab]/i;
/** setTimeout's most; name servers of longer life are told again long before. */
const longestTimerMs = 0x7fff_ffff;

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
  const refresh = () => guarded(() => refreshResolvConf(kernel, options.network.nameServers));
  const carriers = new Map<number, boolean>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const hearRouter = (event: RouterNameServers) =>
    guarded(() => {
      const interfaceName = interfaceOf(kernel, event.interfaceIndex);
      if (interfaceName === undefined) {
        return;
      }
      const path = leasePath(interfaceName, "ra");
      clearTimeout(timers.get(path));
      const forget = () => {
        if (kernel.exists(path)) {
          kernel.unlink(path);
        }
      };
      if (event.lifetimeS === 0) {
        return forget();
      }
      const nameServers = event.servers.map((server) =>
        linkLocal.test(server) ? `${server}%${interfaceName}` : server,
      );
      const text = leaseText({ nameServers });
      if (kernel.readTextIfPresent(path) !== text) {
        kernel.writeAtomic(path, text);
      }
      const lifetimeMs = Math.min(event.lifetimeS * 1000, longestTimerMs);
      const timer = setTimeout(() => guarded(forget), lifetimeMs);
      timer.unref();
      timers.set(path, timer);
    });
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
    onNameServers: hearRouter,
    onLost: () => carriers.clear(),
  });
  refresh();
  return {
    close() {
      folder.close();
      network.close();
      for (const timer of timers.values()) {
        clearTimeout(timer);
      }
    },
  };
}

function interfaceOf(kernel: Kernel, index: number): string | undefined {
  return kernel
    .listIfPresent(networkClassFolder)
    .find(
      (name) => Number(kernel.readTextIfPresent(`${networkClassFolder}/${name}/ifindex`)) === index,
    );
}
