import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { Child } from "../../kernel/processes.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { openDhcpClients } from "./dhcp-clients.ts";
import { keepNetwork } from "./keep-network.ts";
import { parseLease } from "./leases.ts";
import { planResolvConf, refreshResolvConf } from "./resolv-conf.ts";

function system(): FakeKernel {
  return new FakeKernel().lay({
    "/etc/resolv.conf": "nameserver 1.1.1.1\n",
    "/run/boot2podman": null,
    "/run/network": null,
    "/sys/class/net/eth0/ifindex": "2\n",
    "/sys/class/net/eth0/type": "1\n",
    "/sys/class/net/eth0/device": null,
  });
}
const resolvConf = (kernel: FakeKernel) => kernel.readText("/etc/resolv.conf");
const refresh = (kernel: FakeKernel) => refreshResolvConf(kernel, []);

describe("resolv.conf", () => {
  test("has the servers of all interfaces, each once, and their domains", () => {
    const leases = [
      { nameServers: ["10.0.0.1", "10.0.0.2"], searchDomains: ["lan"] },
      { nameServers: ["10.0.0.2", "fd00::1"], searchDomains: ["lan", "example.org"] },
    ];
    expect(planResolvConf(leases)).toBe(
      "search lan example.org\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver fd00::1\n",
    );
    expect(planResolvConf([{ nameServers: [], searchDomains: ["lan"] }])).toBeUndefined();
  });

  test("asks servers of options first, then static ones, DHCP's, routers'", () => {
    const kernel = system().lay({
      "/run/network/eth0.ra": "dns fd00::1\n",
      "/run/network/eth0.dhcp": "dns 10.0.0.1\n",
      "/run/network/eth1.static": "dns 10.1.0.1\n",
      "/run/network/eth1.dhcp.new": "dns 6.6.6.6\n",
    });
    refreshResolvConf(kernel, ["9.9.9.9"]);
    expect(resolvConf(kernel)).toBe(
      "nameserver 9.9.9.9\nnameserver 10.1.0.1\nnameserver 10.0.0.1\nnameserver fd00::1\n",
    );
  });

  test("stays when a lease without servers comes, and when the last one goes", () => {
    const kernel = system().lay({ "/run/network/eth0.dhcp": "address 10.0.0.9/24\n" });
    refresh(kernel);
    expect(resolvConf(kernel)).toBe("nameserver 1.1.1.1\n");
    kernel.lay({ "/run/network/eth0.dhcp": "dns 10.0.0.1\n" });
    refresh(kernel);
    kernel.unlink("/run/network/eth0.dhcp");
    refresh(kernel);
    expect(resolvConf(kernel)).toBe("nameserver 10.0.0.1\n");
  });

  test("keeps what a person wrote through renewals, until the servers change", () => {
    const kernel = system().lay({ "/run/network/eth0.dhcp": "dns 10.0.0.1\n" });
    refresh(kernel);
    kernel.lay({ "/etc/resolv.conf": "nameserver 9.9.9.9\n" });
    refresh(kernel);
    expect(resolvConf(kernel)).toBe("nameserver 9.9.9.9\n");
    kernel.lay({ "/run/network/eth0.dhcp": "dns 10.0.0.2\n" });
    refresh(kernel);
    expect(resolvConf(kernel)).toBe("nameserver 10.0.0.2\n");
  });

  test("takes nothing from a server that isn't what it should be", () => {
    const text = "address 1.2.3.4/24\ndns 10.0.0.1 evil;x fe80::1%eth0\nsearch lan $(id)\nntp x\n";
    expect(parseLease("eth0", "dhcp", text)).toEqual({
      interfaceName: "eth0",
      source: "dhcp",
      address: "1.2.3.4/24",
      nameServers: ["10.0.0.1", "fe80::1%eth0"],
      searchDomains: ["lan"],
      timeServers: [],
    });
  });
});

describe("the keeper", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function kept() {
    const kernel = system().onRun("udhcpc");
    const spawn = kernel.spawn.bind(kernel);
    kernel.spawn = (argv, options): Child => ({
      ...spawn(argv, options),
      exited: new Promise(() => undefined),
    });
    const clients = openDhcpClients(kernel);
    clients.begin();
    clients.start("eth0");
    const subscription = keepNetwork(kernel, defaultBootOptions, clients);
    return { kernel, subscription };
  }
  const hearOn = (
    kernel: FakeKernel,
    interfaceIndex: number,
    lifetimeS: number,
    ...servers: string[]
  ) => {
    kernel.emitNetwork((one) => one.onNameServers({ interfaceIndex, lifetimeS, servers }));
    kernel.emitChange("/run/network");
  };
  const hear = (kernel: FakeKernel, lifetimeS: number, ...servers: string[]) =>
    hearOn(kernel, 2, lifetimeS, ...servers);
  const link = (kernel: FakeKernel, hasCarrier: boolean) =>
    kernel.emitNetwork((one) => one.onLink({ name: "eth0", index: 2, hasCarrier, isGone: false }));

  test("follows leases as they come", () => {
    const { kernel } = kept();
    kernel.lay({ "/run/network/eth0.dhcp": "dns 10.0.0.1\n" });
    kernel.emitChange("/run/network");
    expect(resolvConf(kernel)).toBe("nameserver 10.0.0.1\n");
  });

  test("hears name servers of routers, with the interface for those of the link alone", () => {
    const { kernel } = kept();
    hear(kernel, 600, "fe80::1", "fd00::1");
    expect(resolvConf(kernel)).toBe("nameserver fe80::1%eth0\nnameserver fd00::1\n");
  });

  test("forgets them when their time is over or the router says so, but not before they are told again", async () => {
    const { kernel } = kept();
    const known = () => kernel.exists("/run/network/eth0.ra");
    hear(kernel, 600, "fd00::1");
    await vi.advanceTimersByTimeAsync(500_000);
    hear(kernel, 600, "fd00::1");
    await vi.advanceTimersByTimeAsync(500_000);
    expect(known()).toBe(true);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(known()).toBe(false);
    hear(kernel, 600, "fd00::1");
    hear(kernel, 0, "fd00::1");
    await vi.advanceTimersByTimeAsync(1000);
    expect(known()).toBe(false);
  });

  test.each([
    ["a veth at whose other end a container is", { type: "1\n" }],
    ["podman's bridge", { type: "1\n", "bridge/bridge_id": "8000.x\n" }],
    ["hardware that is not served", { type: "1\n", device: null }],
    ["a tunnel", { type: "65534\n" }],
  ])("believes no router on %s", (_, files) => {
    const { kernel } = kept();
    for (const [name, content] of Object.entries({ ifindex: "7\n", ...files })) {
      kernel.lay({ [`/sys/class/net/other/${name}`]: content });
    }
    hearOn(kernel, 7, 600, "fd00::bad");
    hearOn(kernel, 77, 600, "fd00::bad");
    expect(kernel.list("/run/network")).toEqual([]);
    expect(resolvConf(kernel)).toBe("nameserver 1.1.1.1\n");
  });

  test("hears a router where the address is a fixed one", () => {
    const { kernel } = kept();
    kernel.lay({
      "/run/network/eth1.static": "address 10.9.0.2/24\n",
      "/sys/class/net/eth1/ifindex": "3\n",
      "/sys/class/net/eth1/type": "1\n",
      "/sys/class/net/eth1/device": null,
    });
    hearOn(kernel, 3, 600, "fd00::1");
    expect(resolvConf(kernel)).toBe("nameserver fd00::1\n");
  });

  test("does as much for a flood of advertisements as for one in a second, and believes the last", async () => {
    const { kernel } = kept();
    const writes = () =>
      kernel.journal.filter((line) => line.startsWith("writeAtomic /run/network"));
    for (let at = 0; at < 5000; at += 1) {
      hear(kernel, 600, `fd00::${at.toString(16)}`);
    }
    expect(writes()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    kernel.emitChange("/run/network");
    expect(writes()).toHaveLength(2);
    expect(resolvConf(kernel)).toBe("nameserver fd00::1387\n");
    await vi.advanceTimersByTimeAsync(5000);
    expect(writes()).toHaveLength(2);
  });

  test("keeps no more of a router's name servers than a resolver asks", () => {
    const { kernel } = kept();
    hear(kernel, 600, ...Array.from({ length: 127 }, (_, at) => `fd00::${at + 1}`));
    expect(resolvConf(kernel)).toBe("nameserver fd00::1\nnameserver fd00::2\nnameserver fd00::3\n");
  });

  test("has DHCP ask again when a cable comes in, and only then", () => {
    const { kernel } = kept();
    link(kernel, true);
    link(kernel, true);
    expect(kernel.signals).toEqual([]);
    link(kernel, false);
    expect(kernel.signals).toEqual([]);
    link(kernel, true);
    expect(kernel.signals).toEqual([{ pid: 1001, signal: "SIGUSR1" }]);
  });

  test("stays when resolv.conf can't be written, and says so", () => {
    const { kernel } = kept();
    kernel.failOn("writeAtomic", "/etc/resolv.conf", "ENOSPC");
    kernel.lay({ "/run/network/eth0.dhcp": "dns 10.0.0.1\n" });
    kernel.emitChange("/run/network");
    expect(kernel.kernelLog[0]).toMatch(/^network: .*ENOSPC/);
  });

  test("ends when it is closed", () => {
    const { kernel, subscription } = kept();
    subscription.close();
    hear(kernel, 600, "fd00::1");
    expect(resolvConf(kernel)).toBe("nameserver 1.1.1.1\n");
  });
});
