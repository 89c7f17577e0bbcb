import { detectHypervisor } from "../../hypervisor/detect.ts";
import { readMachineFacts } from "../../hypervisor/facts/read-machine-facts.ts";
import type { Hypervisor } from "../../hypervisor/hypervisors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type Lease, readLeases } from "./leases.ts";

/** Podman's setting for this boot: where host.containers.internal and host.docker.internal lead to. */
export const hostAddressPath = "/etc/containers/containers.conf.d/10-host.conf";

/** Those with a network inside the hypervisor's own program, behind whose router the person's computer is. */
const withUserNetwork: readonly Hypervisor[] = ["qemu", "kvm", "virtualbox"];

/**
 * The address of the computer that a virtual machine runs on, in the user network of QEMU (docs/system/devices/net.rst)
 * and VirtualBox (manual, "Network Address Translation"): their router and DHCP server is the second address of the
 * network, and the third is their name server, which VirtualBox may leave out; its network is 10.0.2.0/24 then.
 * Undefined for every other network.
 */
export function userNetworkHost(
  lease: Pick<Lease, "address" | "router" | "dhcpServer" | "nameServers">,
): string | undefined {
  const { address, router, dhcpServer, nameServers } = lease;
  const [, network] = /^(\d+\.\d+\.\d+)\.\d+\/24$/.exec(address ?? "") ?? [];
  const host = `${network}.2`;
  if (network === undefined || router !== host || dhcpServer !== host) {
    return undefined;
  }
  return host === "10.0.2.2" || nameServers.includes(`${network}.3`) ? host : undefined;
}

/** Brings Podman's setting up to what DHCP says: a container's host is the person's computer where there is a way to it. */
export function refreshHostAddress(kernel: Kernel): void {
  const [found] = readLeases(kernel).flatMap((lease) => userNetworkHost(lease) ?? []);
  const address = found !== undefined && hasUserNetwork(kernel) ? found : undefined;
  const present = kernel.readTextIfPresent(hostAddressPath);
  if (address === undefined) {
    if (present !== undefined) {
      kernel.unlink(hostAddressPath);
    }
    return;
  }
  const text = `[containers]\nhost_containers_internal_ip = "${address}"\n`;
  if (present !== text) {
    kernel.mkdir(hostAddressPath.slice(0, hostAddressPath.lastIndexOf("/")));
    kernel.writeAtomic(hostAddressPath, text);
  }
}

function hasUserNetwork(kernel: Kernel): boolean {
  return withUserNetwork.includes(detectHypervisor(readMachineFacts(kernel)).hypervisor);
}
