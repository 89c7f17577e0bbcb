import { describe, expect, test } from "vitest";
import { parseIpSetting } from "./interface-setting.ts";
import { ipv4Network, isIpAddress } from "./ip-address.ts";

describe("ip=", () => {
  const none = {
    interfaceName: undefined,
    addresses: [],
    gateway: undefined,
    mtu: undefined,
    nameServers: [],
    timeServers: [],
  };
  const still = { ...none, method: "static" };

  test.each<[string, object]>([
    ["dhcp", { ...none, method: "dhcp" }],
    ["off", { ...none, method: "off" }],
    ["eth1:off", { ...none, interfaceName: "eth1", method: "off" }],
    ["eth1:dhcp:1400", { ...none, interfaceName: "eth1", method: "dhcp", mtu: 1400 }],
    [":::::eth0:dhcp", { ...none, interfaceName: "eth0", method: "dhcp" }],
    [
      "192.168.1.5::192.168.1.1:255.255.255.0::eth0:off",
      { ...still, interfaceName: "eth0", addresses: ["192.168.1.5/24"], gateway: "192.168.1.1" },
    ],
    ["10.1.2.3", { ...still, addresses: ["10.1.2.3/8"] }],
    ["192.168.1.5:::30", { ...still, addresses: ["192.168.1.5/30"] }],
    [
      "192.168.1.5::192.168.1.1:24:box:eth0:off:192.168.1.1:9.9.9.9:192.168.1.2",
      {
        ...still,
        interfaceName: "eth0",
        addresses: ["192.168.1.5/24"],
        gateway: "192.168.1.1",
        nameServers: ["192.168.1.1", "9.9.9.9"],
        timeServers: ["192.168.1.2"],
      },
    ],
    [
      "[fd00::5]::[fd00::1]:64::eth0:off:9000",
      { ...still, interfaceName: "eth0", addresses: ["fd00::5/64"], gateway: "fd00::1", mtu: 9000 },
    ],
  ])("%s is understood", (value, setting) => {
    expect(parseIpSetting(value)).toEqual(setting);
  });

  test.each([
    "",
    "sometimes",
    ":dhcp",
    "eth0:dhcp:20",
    "300.1.2.3",
    "192.168.1.5:::255.0.255.0",
    "192.168.1.5:::33",
    "192.168.1.5::nowhere:24::eth0:off",
    "192.168.1.5:::24::eth0:off:dns.lan",
    "[fd00::5:::64",
    "fd00::5",
    "1:2:3:4:5:6:off:1.1.1.1:2.2.2.2:3.3.3.3:4.4.4.4",
  ])("%j is refused", (value) => {
    expect(parseIpSetting(value)).toBeUndefined();
  });
});

test.each([
  ["10.0.2.3", true],
  ["fec0::3", true],
  ["::ffff:10.0.0.1", true],
  ["256.0.0.1", false],
  ["fec0:::3", false],
  ["ntp.lan", false],
  [":", false],
])("%s is an address: %s", (text, is) => {
  expect(isIpAddress(text)).toBe(is);
});

test.each([
  ["10.0.2.15/24", "10.0.2.0/24"],
  ["172.31.200.7/20", "172.31.192.0/20"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["203.0.113.6/31", "203.0.113.6/31"],
  ["203.0.113.6/32", undefined],
  ["fd00::5/64", undefined],
])("%s is in the network %s", (address, network) => {
  expect(ipv4Network(address)).toBe(network);
});
