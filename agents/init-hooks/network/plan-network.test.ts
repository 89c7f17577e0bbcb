import { describe, expect, test } from "vitest";
import { type InterfaceSetting, parseIpSetting } from "../../settings/options/interface-setting.ts";
import { planInterfaces, planMetrics } from "./plan-network.ts";

describe("planMetrics", () => {
  const at = (name: string, index: number, slot: string) => ({
    name,
    index,
    type: 1,
    device: `/sys/devices/pci0000:00/0000:00:${slot}`,
  });

  test("prefers interfaces by their place on the bus, whichever driver was there first", () => {
    const metrics = planMetrics([
      at("eth0", 2, "03.0"),
      at("eth1", 3, "02.0/virtio0"),
      at("eth2", 4, "04.0/virtio1"),
    ]);
    expect([...metrics]).toEqual([
      ["eth1", 102],
      ["eth0", 103],
      ["eth2", 104],
    ]);
  });

  test("gives an interface that comes later a higher one, wherever it is plugged in", () => {
    expect([...planMetrics([at("eth3", 7, "01.0")])]).toEqual([["eth3", 107]]);
  });
});

describe("planInterfaces", () => {
  const lo = { name: "lo", index: 1, type: 772, device: undefined };
  const ethernet = (name: string) => ({ name, index: 2, type: 1, device: `/sys/devices/${name}` });
  const network = (...values: string[]) => ({
    nameServers: [],
    interfaces: values.flatMap((value): InterfaceSetting[] => {
      const setting = parseIpSetting(value);
      if (setting === undefined) {
        throw new Error(`${value} can't be understood`);
      }
      return [setting];
    }),
  });
  const both = [lo, ethernet("eth0"), ethernet("eth1")];
  const methods = (...args: Parameters<typeof planInterfaces>) =>
    planInterfaces(...args).map((plan) => `${plan.interfaceName} ${plan.method}`);

  test.each([
    ["an Ethernet interface", [lo, ethernet("eth0")], ["eth0 dhcp"]],
    ["interfaces of any name", [ethernet("enp3s0"), ethernet("wan")], ["enp3s0 dhcp", "wan dhcp"]],
    ["no bridge of containers", [{ ...ethernet("podman0"), device: undefined }], []],
    ["no tunnel", [{ ...ethernet("tun0"), type: 65534 }], []],
  ])("asks DHCP for %s", (_, interfaces, plans) => {
    expect(methods(interfaces, { nodhcp: false, network: network() })).toEqual(plans);
  });

  test.each<[boolean, string[], string[]]>([
    [true, [], []],
    [true, ["eth1:dhcp"], ["eth1 dhcp"]],
    [true, ["10.0.0.1:::::eth1:off"], ["eth1 static"]],
    [true, ["10.0.0.1:::8::eth1:off"], ["eth1 static"]],
    [false, ["off"], []],
    [false, ["eth0:off"], ["eth1 dhcp"]],
    [false, ["10.0.0.1"], ["eth0 static", "eth1 dhcp"]],
    [false, ["10.0.0.1", "eth0:dhcp"], ["eth0 dhcp", "eth1 static"]],
    [false, ["10.0.0.1", "off"], ["eth0 static"]],
  ])("with nodhcp %s and ip= %j it is %j", (nodhcp, values, plans) => {
    expect(methods(both, { nodhcp, network: network(...values) })).toEqual(plans);
  });

  test("adds addresses of both kinds up, each with its way out", () => {
    const settings = network(
      "10.0.0.2::10.0.0.1:24::eth0:off:1400",
      "[fd00::2]::[fd00::1]:64::eth0:off",
    );
    const [plan] = planInterfaces([ethernet("eth0")], { nodhcp: false, network: settings });
    expect(plan?.commands.map((argv) => argv.join(" "))).toEqual([
      "ip link set dev eth0 mtu 1400 up",
      "ip addr replace 10.0.0.2/24 dev eth0 noprefixroute",
      "ip route replace 10.0.0.0/24 dev eth0 src 10.0.0.2 scope link proto kernel metric 50",
      "ip route replace default via 10.0.0.1 dev eth0 metric 50 onlink",
      "ip addr replace fd00::2/64 dev eth0",
      "ip -6 route replace default via fd00::1 dev eth0 metric 50",
    ]);
  });

  test("gives each interface's routes a metric of its own, also where both are in one network", () => {
    const settings = network("10.0.0.2::10.0.0.1:24::eth0:off", "10.0.0.3::10.0.0.1:24::eth1:off");
    const metrics = planInterfaces(both, { nodhcp: false, network: settings }).map(({ commands }) =>
      commands.map((argv) => argv.join(" ")).flatMap((line) => /metric \d+/.exec(line)?.[0] ?? []),
    );
    expect(metrics).toEqual([
      ["metric 50", "metric 50"],
      ["metric 51", "metric 51"],
    ]);
  });

  test("has no route to the network of an address that is alone in it", () => {
    const settings = network("10.0.0.2::172.31.1.1:32::eth0:off");
    const [plan] = planInterfaces([ethernet("eth0")], { nodhcp: false, network: settings });
    expect(plan?.commands.map((argv) => argv.join(" "))).toEqual([
      "ip link set dev eth0 up",
      "ip addr replace 10.0.0.2/32 dev eth0",
      "ip route replace default via 172.31.1.1 dev eth0 metric 50 onlink",
    ]);
  });

  test("sets an MTU beside DHCP", () => {
    const [plan] = planInterfaces([ethernet("eth0")], {
      nodhcp: false,
      network: network("eth0:dhcp:1400"),
    });
    expect(plan).toMatchObject({
      method: "dhcp",
      commands: [["ip", "link", "set", "dev", "eth0", "mtu", "1400"]],
    });
  });
});
