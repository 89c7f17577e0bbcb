import type { ListeningSocket } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { serveSocket } from "./podman-socket.ts";

/** Where netavark looks for the proxy. */
const socketPath = "/run/podman/nv-proxy.sock";
/** As its unit starts it: it ends when it has had no lease to keep for 30 s. */
const proxy = ["/usr/lib/podman/netavark", "dhcp-proxy", "-a", "30"];

/** Makes the socket at which netavark asks for addresses from DHCP, for containers in networks of macvlan. */
export function openDhcpProxySocket(kernel: Kernel): ListeningSocket {
  return kernel.listenUnix(socketPath, 0o600);
}

/** Starts netavark's proxy when an address is asked for. Never returns. */
export function serveDhcpProxy(kernel: Kernel, socket: ListeningSocket): Promise<never> {
  return serveSocket(kernel, socket, proxy, "netavark-dhcp-proxy");
}
