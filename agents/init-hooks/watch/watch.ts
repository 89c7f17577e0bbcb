import type { Kernel } from "../../kernel/kernel.ts";
import { openModuleLoader } from "../devices/module-loader.ts";
import { openDhcpClients } from "../network/dhcp-clients.ts";
import { parseBootOptions } from "../parse-boot-options.ts";
import { startHotplug } from "./hotplug.ts";
import { openPodmanSocket, servePodman } from "./podman-socket.ts";

/** The resident agent on its own, when it isn't the boot that goes on. Never returns. */
export async function watch(kernel: Kernel): Promise<never> {
  const { options } = parseBootOptions(kernel.readText("/proc/cmdline"));
  const socket = openPodmanSocket(kernel);
  const clients = openDhcpClients(kernel);
  clients.begin();
  startHotplug(kernel, options, {
    loader: openModuleLoader(kernel, options.blacklist),
    clients,
    seen: new Set(),
  });
  return await servePodman(kernel, socket);
}
