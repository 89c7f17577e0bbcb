/** Our table of nftables(8); netavark's own is another, and each leaves the other's alone. */
export const tableName = "boot2podman";

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
}
`;

/** Kernel modules that the rules need, so that one modprobe is enough for all. */
export const rulesetModules = ["nf_tables", "nft_fib_inet"] as const;
