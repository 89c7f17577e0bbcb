import type { Kernel } from "../../kernel/kernel.ts";
import { usualOpenFiles } from "../../kernel/machine.ts";
import { openModuleLoader } from "../../modules/module-loader.ts";
import { readSettings } from "../../settings/settings.ts";
import { openDhcpClients } from "../network/dhcp-clients.ts";
import { keepNetwork } from "../network/keep-network.ts";
import { keepTime } from "../time/keep-time.ts";
import { startHotplug } from "./hotplug.ts";
import { serveBothPodmans } from "./user-podman-socket.ts";

/** The resident agent on its own, when it isn't the boot that goes on. Never returns. */
export async function watch(kernel: Kernel): Promise<never> {
  kernel.limitOpenFiles(usualOpenFiles);
  const { options } = await readSettings(kernel);
  const clients = openDhcpClients(kernel);
  clients.begin();
  keepNetwork(kernel, options, clients);
  keepTime(kernel, { servers: options.timeServers, onPause: () => clients.renewAll() });
  kernel.protectFromOom();
  startHotplug(kernel, options, {
    loader: openModuleLoader(kernel, options.blacklist),
    clients,
    seen: new Set(),
  });
  const { watchContainers } = await import("../../containers/watch-containers.ts");
  watchContainers(kernel, options.user);
  const { serveServices } = await import("../../quadlet/stage.ts");
  serveServices(kernel, options.user);
  const { keepLogs } = await import("../../logs/keep-logs.ts");
  keepLogs(kernel);
  return await serveBothPodmans(kernel, options.user);
}
