export interface Interface {
  name: string;
  /** ARPHRD_…: 1 is Ethernet, 772 the loopback. */
  type: number;
  /** Whether there is hardware behind it: bridges and the like of containers have none. */
  hasDevice: boolean;
}

/** The cards that get an address by DHCP: every Ethernet with hardware, whatever its name. */
export function planDhcp(interfaces: readonly Interface[], options: { nodhcp: boolean }): string[] {
  if (options.nodhcp) return [];
  return interfaces.filter((card) => card.type === 1 && card.hasDevice).map((card) => card.name);
}

/** udhcpc for one card: goes on asking, keeps the lease, sends our name. */
export function dhcpCommand(card: string, hostname: string): string[] {
  return [
    ...["udhcpc", "-f", "-S", "-i", card, "-x", `hostname:${hostname}`],
    ...["-s", "/usr/share/udhcpc/default.script", "-p", dhcpPidPath(card)],
    // An offer comes within milliseconds or, where a switch learns the port first, within a minute.
    ...["-t", "5", "-T", "1", "-A", "10"],
    ...["-O", "search", "-O", "mtu", "-O", "ntpsrv"],
  ];
}

export function dhcpPidPath(card: string): string {
  return `/run/udhcpc.${card}.pid`;
}

/** Has the card's address once udhcpc's script has given it one. */
export function dhcpAddressPath(card: string): string {
  return `/run/udhcpc.${card}.address`;
}

/** What is asked when DHCP gives no name servers (boot2podman's, of old). */
export const fallbackResolvConf = ["1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4"]
  .map((server) => `nameserver ${server}\n`)
  .join("");
