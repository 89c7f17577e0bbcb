import { ipv6Text } from "../../kernel/ipv6-text.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** Flags of an address (kernel: if_addr.h) with which nothing is reached: DADFAILED, DEPRECATED, TENTATIVE. */
const useless = 0x08 | 0x20 | 0x40;

/**
 * The address of IPv6 by which that interface reaches the world, "fd09::5/64": a global one, on an interface with a way
 * out. Undefined while there is none. Read from /proc/net (kernel: net/ipv6/addrconf.c, if6_seq_show; net/ipv6/route.c).
 */
export function ipv6Way(kernel: Kernel, interfaceName: string): string | undefined {
  const rows = (path: "/proc/net/if_inet6" | "/proc/net/ipv6_route") =>
    (kernel.readTextIfPresent(path) ?? "").split("\n").map((line) => line.trim().split(/\s+/));
  const hasWayOut = rows("/proc/net/ipv6_route").some(
    ([network = "", bits, , , , , , , , name]) =>
      /^0{32}$/.test(network) && bits === "00" && name === interfaceName,
  );
  const [found] = rows("/proc/net/if_inet6").filter(
    ([, , , scope, flags = "ff", name]) =>
      name === interfaceName && scope === "00" && (Number.parseInt(flags, 16) & useless) === 0,
  );
  if (!hasWayOut || found === undefined) {
    return undefined;
  }
  const [hex = "", , bits = ""] = found;
  return `${ipv6Text(Buffer.from(hex, "hex"))}/${Number.parseInt(bits, 16)}`;
}
