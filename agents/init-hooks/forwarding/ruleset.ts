/** Our table of nftables(8); netavark's own is another, and each leaves the other's alone. */
export const tableName = "boot2podman";

/**
 * Whoever connects through this machine is told the packets that fit the way, in both directions: the networks of containers
 * keep the size of their bridges (1500 bytes), and behind a smaller way (a VPN, PPPoE, a cloud's overlay) on which somebody
 * drops the words of the routers (ICMP), large packets would be lost without a sign. Looked up for each connection, so it
 * holds for all networks, and when the way changes.
 */
const fittingSegments = `chain fitting {
    type filter hook forward priority mangle; policy accept;
    tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  }`;

/** For a machine that is a router: nothing is held. */
export const routerRuleset = `table inet ${tableName}
delete table inet ${tableName}
table inet ${tableName} {
  ${fittingSegments}
}
`;

/**
 * What is forwarded: all that comes from the networks of containers (bridges are theirs; netavark's rules say which may
 * speak to which), and of what comes in elsewhere only what was sent to this machine itself, which are published ports and
 * answers. Looked at before addresses are translated, so that a container's own address is still seen as such; without
 * tracking connections, which a machine without containers needn't pay for. The machine's loopback is nobody else's: a
 * published port on 127.0.0.1 makes the kernel take packets to it from a bridge.
 */
export const containersRuleset = `table inet ${tableName}
delete table inet ${tableName}
table inet ${tableName} {
  chain incoming {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 counter drop
    meta iifkind "bridge" accept
    fib daddr type unicast counter drop
  }
  ${fittingSegments}
}
`;

/** Kernel modules that the rules need, so that one modprobe is enough for all. */
export const rulesetModules = ["nf_tables", "nft_fib_inet"] as const;
