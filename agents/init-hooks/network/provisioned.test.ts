import { describe, expect, test } from "vitest";
import { provisionOf } from "../../provision/nocloud/nocloud.ts";
import { parseIpSetting } from "../../settings/options/interface-setting.ts";
import { type Interface, type InterfacePlan, planInterfaces } from "./plan-network.ts";
import { settingsOf } from "./provisioned.ts";

const ethernet = (name: string, mac: string, index: number): Interface => ({
  ...{ name, mac, index, type: 1, device: `/sys/devices/${name}` },
});
const eth0 = ethernet("eth0", "52:54:00:00:00:01", 2);
const eth1 = ethernet("eth1", "52:54:00:00:00:02", 3);

/** Plans for the interfaces, of a network-config and "ip=" words. */
function plansOf(text: string, ...words: string[]): InterfacePlan[] {
  const { network } = provisionOf("test", { "network-config": Buffer.from(text) }, []);
  const options = {
    interfaces: words.flatMap((word) => parseIpSetting(word) ?? []),
    nameServers: [],
  };
  const settings = network === undefined ? [] : settingsOf([eth0, eth1], network, options);
  const interfaces = [...options.interfaces, ...settings];
  return planInterfaces([eth0, eth1], { nodhcp: false, network: { ...options, interfaces } });
}

/** How each interface is served, and by which commands. */
function commandsOf(text: string, ...words: string[]): Record<string, string[]> {
  return Object.fromEntries(
    plansOf(text, ...words).map(({ interfaceName, method, commands }) => [
      interfaceName,
      [method, ...commands.map((argv) => argv.join(" "))],
    ]),
  );
}

const byMac = `version: 2
ethernets:
  lan:
    match: {macaddress: "52:54:00:00:00:02"}
    addresses: [10.9.0.2/24]
    routes: [{to: default, via: 10.9.0.1}, {to: 10.8.0.0/16, via: 10.9.0.8, metric: 7}]
    mtu: 1400
`;

describe("a NoCloud disk's network", () => {
  test("gives the interface of that hardware's address what ip= would, and others DHCP", () => {
    expect(commandsOf(byMac)).toEqual({
      eth0: ["dhcp"],
      eth1: [
        "static",
        "ip link set dev eth1 mtu 1400 up",
        "ip addr replace 10.9.0.2/24 dev eth1 noprefixroute",
        "ip route replace 10.9.0.0/24 dev eth1 src 10.9.0.2 scope link proto kernel metric 51",
        "ip route replace default via 10.9.0.1 dev eth1 metric 51 onlink",
        "ip route replace 10.8.0.0/16 via 10.9.0.8 dev eth1 metric 7 onlink",
      ],
    });
  });

  test("gives way to an ip= that names the interface, or any", () => {
    expect(commandsOf(byMac, "eth1:dhcp")).toEqual({ eth0: ["dhcp"], eth1: ["dhcp"] });
    expect(commandsOf(byMac, "dhcp")).toEqual({ eth0: ["dhcp"], eth1: ["dhcp"] });
    expect(commandsOf(byMac, "eth0:off")).toMatchObject({
      eth1: expect.arrayContaining(["static"]),
    });
  });

  test("adds addresses of IPv6 to DHCP, once the interface is up", () => {
    expect(
      commandsOf('version: 2\nethernets: {eth0: {dhcp4: true, addresses: ["fd00::5/64"]}}\n'),
    ).toEqual({
      eth0: ["dhcp", "ip link set dev eth0 up", "ip addr replace fd00::5/64 dev eth0"],
      eth1: ["dhcp"],
    });
  });

  test("adds addresses and routes of IPv4 to DHCP, which neither its start nor its end takes away", () => {
    const lan = { dhcp4: true, addresses: ["10.9.0.5/24"], gateway4: "10.9.0.1" };
    const plans = plansOf(JSON.stringify({ version: 2, ethernets: { eth0: lan } }));
    expect(plans[0]?.commands.map((argv) => argv.join(" "))).toEqual([
      "ip link set dev eth0 up",
      "ip addr replace 10.9.0.5/24 dev eth0 noprefixroute",
      "ip route replace 10.9.0.0/24 dev eth0 src 10.9.0.5 scope link proto kernel metric 50",
      "ip route replace default via 10.9.0.1 dev eth0 metric 50 onlink",
    ]);
    expect(plans[0]).toMatchObject({
      method: "dhcp",
      beside: {
        addresses: ["10.9.0.5/24"],
        routes: [{ to: "default", via: "10.9.0.1", metric: 50 }],
      },
    });
  });

  test("leaves routes through DHCP's own network until DHCP has answered", () => {
    const lan = { dhcp4: true, routes: [{ to: "10.8.0.0/16", via: "10.0.2.9", metric: 7 }] };
    const [plan] = plansOf(JSON.stringify({ version: 2, ethernets: { eth0: lan } }));
    expect(plan?.commands).toEqual([]);
    expect(plan?.beside?.routes).toEqual([{ to: "10.8.0.0/16", via: "10.0.2.9", metric: 7 }]);
  });

  test.each([
    ["et*", ["eth0", "eth1"]],
    ["e?h1", ["eth1"]],
    ["*0", ["eth0"]],
    ["*h*0*", ["eth0"]],
    ["eth", []],
    ["e.*", []],
  ])("with the pattern %s is for %j", (name, matched) => {
    const all = commandsOf(`version: 2\nethernets: {x: {match: {name: "${name}"}, mtu: 1400}}\n`);
    const found = Object.entries(all).filter(([, [method]]) => method === "static");
    expect(found.map(([one]) => one)).toEqual(matched);
  });

  test("that is disabled leaves all interfaces alone", () => {
    expect(commandsOf("network: {config: disabled}\n")).toEqual({});
  });
});
