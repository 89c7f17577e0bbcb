import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { hostAddressPath, refreshHostAddress, userNetworkHost } from "./host-address.ts";

const qemu = {
  address: "10.0.2.15/24",
  router: "10.0.2.2",
  dhcpServer: "10.0.2.2",
  nameServers: ["10.0.2.3"],
};

test.each([
  ["QEMU's user network", {}, "10.0.2.2"],
  [
    "one with other numbers",
    {
      address: "192.168.76.9/24",
      router: "192.168.76.2",
      dhcpServer: "192.168.76.2",
      nameServers: ["192.168.76.3"],
    },
    "192.168.76.2",
  ],
  ["VirtualBox's, with the name servers of its host", { nameServers: ["9.9.9.9"] }, "10.0.2.2"],
  ["a restricted one, which has no way out", { router: undefined }, undefined],
  ["one where another machine answers to DHCP", { dhcpServer: "10.0.2.4" }, undefined],
  ["one of another size", { address: "10.0.2.15/16" }, undefined],
  [
    "a network at home whose router has the second address",
    {
      address: "192.168.1.20/24",
      router: "192.168.1.2",
      dhcpServer: "192.168.1.2",
      nameServers: ["192.168.1.2"],
    },
    undefined,
  ],
  ["no address", { address: undefined }, undefined],
])("%s: the host is there or not", (_, difference, host) => {
  expect(userNetworkHost({ ...qemu, ...difference })).toBe(host);
});

describe("Podman's setting", () => {
  const lease = "address 10.0.2.15/24\nrouter 10.0.2.2\nserver 10.0.2.2\ndns 10.0.2.3\n";
  const machine = (vendor: string) =>
    new FakeKernel().lay({
      "/etc/containers": null,
      "/sys/class/dmi/id/sys_vendor": `${vendor}\n`,
      "/run/network/eth0.dhcp": lease,
    });

  test("leads to the computer that QEMU runs on, and goes with the lease", () => {
    const kernel = machine("QEMU");
    refreshHostAddress(kernel);
    expect(kernel.readText(hostAddressPath)).toBe(
      '[containers]\nhost_containers_internal_ip = "10.0.2.2"\n',
    );
    kernel.unlink("/run/network/eth0.dhcp");
    refreshHostAddress(kernel);
    expect(kernel.exists(hostAddressPath)).toBe(false);
  });

  test("stays Podman's own on real hardware, whatever numbers its network has", () => {
    const kernel = machine("LENOVO");
    refreshHostAddress(kernel);
    expect(kernel.exists(hostAddressPath)).toBe(false);
  });
});
