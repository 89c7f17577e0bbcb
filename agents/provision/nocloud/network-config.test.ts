import { describe, expect, test } from "vitest";
import { provisionOf } from "./nocloud.ts";

function read(text: string) {
  return provisionOf("test", { "network-config": Buffer.from(text) }, []);
}

const nothing = { addresses: [], routes: [], mtu: undefined };
const way = (to: string, via: string, metric?: number) => ({ to, via, metric });

const version1 = `network:
  version: 1
  config:
  - type: physical
    name: ens3
    mac_address: "52:54:00:AB:CD:01"
    mtu: 1400
    subnets:
    - type: static
      address: 192.168.1.5
      netmask: 255.255.255.0
      gateway: 192.168.1.1
      dns_nameservers: [192.168.1.2, 192.168.1.3]
      dns_search: [lan.example]
      routes:
      - network: 10.0.0.0
        netmask: 255.0.0.0
        gateway: 192.168.1.254
    - {type: static6, address: "fd00::5/64", gateway: "fd00::1"}
  - {type: physical, name: eth1, subnets: [{type: dhcp4}]}
  - {type: nameserver, address: 9.9.9.9, search: [example.org]}
  - {type: route, destination: 172.16.0.0/12, gateway: 192.168.1.253, metric: 7}
  - {type: bond, name: bond0}
`;

const version2 = `version: 2
ethernets:
  id0:
    match: {macaddress: '52:54:00:12:34:56', driver: virtio}
    set-name: lan
    addresses: [192.168.1.5/24, "fd00::5/64", 10.1.1.1/8: {label: x}]
    gateway4: 192.168.1.1
    routes:
    - {to: 0.0.0.0/0, via: 192.168.1.9, metric: 300}
    - {to: default, via: "fd00::1"}
    - {to: 10.2.0.0/16, via: 192.168.1.8, table: 5}
    nameservers: {addresses: [1.1.1.1, "fd00::53"], search: [example.org]}
    mtu: 9000
  eth1: {dhcp4: true, optional: true}
  all: {match: {name: "en*"}, dhcp4: yes, addresses: [10.0.0.1/8, "fd01::1/64"]}
  eth3: {}
bridges: {br0: {}}
`;

describe("a network-config", () => {
  test("of version 1 gives addresses, routes, MTU and name servers", () => {
    const { network, notHonoured, warnings } = read(version1);
    expect(network).toEqual({
      interfaces: [
        {
          id: "ens3",
          match: { name: "ens3", mac: "52:54:00:ab:cd:01" },
          method: "static",
          addresses: ["192.168.1.5/24", "fd00::5/64"],
          routes: [
            way("default", "192.168.1.1"),
            way("10.0.0.0/8", "192.168.1.254"),
            way("default", "fd00::1"),
            way("172.16.0.0/12", "192.168.1.253", 7),
          ],
          mtu: 1400,
        },
        { id: "eth1", match: { name: "eth1", mac: undefined }, method: "dhcp", ...nothing },
      ],
      nameServers: ["192.168.1.2", "192.168.1.3", "9.9.9.9"],
      searchDomains: ["lan.example", "example.org"],
    });
    expect(notHonoured).toEqual(["network-config bond bond0"]);
    expect(warnings).toEqual([]);
  });

  test("of version 2 does so too, by the hardware's address, a pattern or the name", () => {
    const { network, notHonoured, warnings } = read(version2);
    expect(network).toEqual({
      interfaces: [
        {
          id: "id0",
          match: { name: undefined, mac: "52:54:00:12:34:56" },
          method: "static",
          addresses: ["192.168.1.5/24", "fd00::5/64", "10.1.1.1/8"],
          routes: [
            way("default", "192.168.1.1"),
            way("default", "192.168.1.9", 300),
            way("default", "fd00::1"),
            way("10.2.0.0/16", "192.168.1.8"),
          ],
          mtu: 9000,
        },
        { id: "eth1", match: { name: "eth1", mac: undefined }, method: "dhcp", ...nothing },
        {
          id: "all",
          match: { name: "en*", mac: undefined },
          method: "dhcp",
          ...nothing,
          addresses: ["10.0.0.1/8", "fd01::1/64"],
        },
        { id: "eth3", match: { name: "eth3", mac: undefined }, method: "static", ...nothing },
      ],
      nameServers: ["1.1.1.1", "fd00::53"],
      searchDomains: ["example.org"],
    });
    expect(notHonoured).toEqual([
      "network-config bridges",
      "network-config ethernets.id0.match.driver",
      "network-config ethernets.id0.routes.table",
      "network-config ethernets.id0.set-name",
    ]);
    expect(warnings).toEqual([]);
  });

  test("that disables the network leaves all interfaces as they are", () => {
    expect(read("network: {config: disabled}\n").network?.interfaces).toMatchObject([
      { match: { name: "*" }, method: "off" },
    ]);
  });

  test.each([
    ["version: 3\nethernets: {}\n", /version: expected 1 or 2, found "3"/],
    ["version: 2\nethernets: {eth0: {addresses: [10.0.0.300/24]}}\n", /eth0: expected an address/],
    ["version: 2\nethernets: {eth0: {addresses: [10.0.0.3/33]}}\n", /eth0: expected an address/],
    ["version: 2\nethernets: {eth0: {mtu: 12}}\n", /eth0: expected an MTU of 576 to 65535/],
    ["version: 2\nethernets: {eth0: {gateway4: '-h'}}\n", /eth0.gateway4: expected a network/],
    [
      "version: 2\nethernets: {eth0: {nameservers: {addresses: [a.b]}}}\n",
      /name server, found "a.b"/,
    ],
    ["version: 1\nconfig: [x]\n", /config: expected a map with a type, found "x"/],
    ["- x\n", /network-config: it is not a map/],
  ])("%j has a value that is none, which is named", (text, warning) => {
    expect(read(text).warnings).toEqual([expect.stringMatching(warning)]);
  });
});
