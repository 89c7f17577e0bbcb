import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { RouterNameServers } from "../../kernel/network.ts";
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
  const tell = (kernel: FakeKernel, event: Partial<RouterNameServers>) => {
    const usual = {
      interfaceIndex: 2,
      router: "fe80::1",
      lifetimeS: 600,
      servers: [],
      domains: [],
    };
    kernel.emitNetwork((one) => one.onNameServers({ ...usual, ...event }));
    kernel.emitChange("/run/network");
  };
  const hearOn = (
    kernel: FakeKernel,
    interfaceIndex: number,
    lifetimeS: number,
    ...servers: string[]
  ) => {
    tell(kernel, { interfaceIndex, lifetimeS, servers });
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

  test("keeps each router's name servers and domains for themselves, whatever another says", async () => {
    const { kernel } = kept();
    const second = () =>
      vi.advanceTimersByTimeAsync(1000).then(() => kernel.emitChange("/run/network"));
    tell(kernel, { router: "fe80::1", servers: ["fd00::1", "fd00::11"] });
    tell(kernel, { router: "fe80::1", domains: ["one.lan"] });
    tell(kernel, { router: "fe80::2", servers: ["fd00::2"], lifetimeS: 100 });
    tell(kernel, { router: "fe80::2", domains: ["two.lan", "one.lan"], lifetimeS: 100 });
    await second();
    expect(resolvConf(kernel)).toBe(
      "search one.lan two.lan\nnameserver fd00::1\nnameserver fd00::2\nnameserver fd00::11\n",
    );
    // The second router takes away what is the first one's, which is nothing to it.
    tell(kernel, { router: "fe80::2", servers: ["fd00::1"], lifetimeS: 0 });
    await second();
    expect(resolvConf(kernel)).toContain("nameserver fd00::1\n");
    tell(kernel, { router: "fe80::1", servers: ["fd00::1"], lifetimeS: 0 });
    await second();
    expect(resolvConf(kernel)).toBe(
      "search one.lan two.lan\nnameserver fd00::11\nnameserver fd00::2\n",
    );
    await vi.advanceTimersByTimeAsync(100_000);
    kernel.emitChange("/run/network");
    expect(resolvConf(kernel)).toBe("search one.lan\nnameserver fd00::11\n");
  });

  test("listens to so many routers and no more", async () => {
    const { kernel } = kept();
    for (let at = 1; at <= 20; at += 1) {
      tell(kernel, { router: `fe80::${at}`, domains: [`r${at}.lan`] });
      await vi.advanceTimersByTimeAsync(1000);
    }
    const text = kernel.readText("/run/network/eth0.ra");
    expect(text).toBe("search r1.lan r2.lan r3.lan r4.lan r5.lan r6.lan\n");
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
    const last = ["1385", "1386", "1387"].map((at) => `nameserver fd00::${at}\n`);
    expect(resolvConf(kernel)).toBe(last.join(""));
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

  test("has DHCP give its address up when nobody answers at a new cable", async () => {
    const { kernel } = kept();
    const moved = () => {
      kernel.signals.length = 0;
      link(kernel, false);
      link(kernel, true);
    };
    kernel.lay({ "/run/network/eth0.dhcp": "address 10.0.0.9/24\n" });
    link(kernel, true);
    moved();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(kernel.signals).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(kernel.signals).toHaveLength(2);
    // It answers: its script writes the lease anew.
    moved();
    kernel.tree.get("test", "/run/network/eth0.dhcp", true).mtimeMs += 1;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(kernel.signals).toHaveLength(1);
  });

  test("asks no name server at the end of a cable that is out while there are others", () => {
    const { kernel } = kept();
    kernel.lay({
      "/run/network/eth0.dhcp": "dns 10.0.0.1\n",
      "/run/network/eth1.dhcp": "dns 10.1.0.1\n",
    });
    link(kernel, true);
    kernel.emitChange("/run/network");
    expect(resolvConf(kernel)).toBe("nameserver 10.0.0.1\nnameserver 10.1.0.1\n");
    kernel.lay({ "/sys/class/net/eth0/operstate": "down\n" });
    link(kernel, false);
    expect(resolvConf(kernel)).toBe("nameserver 10.1.0.1\n");
    kernel.unlink("/run/network/eth1.dhcp");
    kernel.emitChange("/run/network");
    expect(resolvConf(kernel)).toBe("nameserver 10.0.0.1\n");
    kernel.lay({ "/sys/class/net/eth0/operstate": "up\n" });
    kernel.lay({ "/run/network/eth1.dhcp": "dns 10.1.0.1\n" });
    link(kernel, true);
    expect(resolvConf(kernel)).toBe("nameserver 10.0.0.1\nnameserver 10.1.0.1\n");
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
