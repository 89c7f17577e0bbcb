import { expect } from "vitest";
import { dhcpAnswer, parseDhcpQuestion } from "../harness/dhcp-frames.ts";
import { routerAdvertisement } from "../harness/router-advertisement.ts";
import { test } from "./surrounded.ts";
import { until } from "./until.ts";

/** Interfaces and cables that are plugged in and pulled out while the machine runs. */
export function laterInterfacesTests(): void {
  test("an interface that is plugged in later gets the address that ip= gives it", async ({
    surrounded: { machine, monitor },
  }) => {
    const device = {
      driver: "virtio-net-pci",
      netdev: "third",
      bus: "port1",
      id: "card2",
      romfile: "",
    };
    await monitor.execute("device_add", device);
    await until(machine, "test -e /run/network/eth2.static");
    const shown = await machine.root("ip addr show dev eth2; ip route");
    expect(shown).toMatch(/mtu 1400/);
    expect(shown).toContain("inet 10.8.0.77/24");
    expect(shown).toMatch(/default via 10\.8\.0\.2 dev eth2/);
    await machine.root("ping -c 1 -W 20 10.8.0.2");
  });

  test("without an answer DHCP asks on, with the host's name, and name servers stay", async ({
    surrounded: { machine, monitor, wire },
  }) => {
    const before = await machine.root("cat /etc/resolv.conf");
    await monitor.execute("netdev_add", wire.netdev("wire"));
    const asked = wire.next("question of DHCP", parseDhcpQuestion);
    const device = {
      driver: "virtio-net-pci",
      netdev: "wire",
      bus: "port2",
      id: "card3",
      romfile: "",
    };
    await monitor.execute("device_add", device);
    const question = await asked;
    expect(question).toMatchObject({ type: "discover", hostname: "web" });
    await wire.next("second question", parseDhcpQuestion);
    expect(await machine.root("cat /etc/resolv.conf")).toBe(before);
  });

  test("a router's name server is asked too, and its MTU holds for IPv6", async ({
    surrounded: { machine, wire },
  }) => {
    wire.send(routerAdvertisement(1300));
    await until(machine, "grep -q fd09::53 /etc/resolv.conf");
    expect(await machine.root("cat /proc/sys/net/ipv6/conf/eth3/mtu")).toBe("1300");
    expect(await machine.root("ip -6 addr show dev eth3")).toMatch(/inet6 fd09:.* dynamic/);
  });

  test("DHCP asks at once when a cable is plugged in, and takes MTU, domain and servers", async ({
    surrounded: { machine, monitor, wire },
  }) => {
    const offer = {
      address: "10.7.0.50",
      server: "10.7.0.1",
      mtu: 1350,
      nameServer: "10.7.0.53",
      timeServer: "10.7.0.123",
    };
    await monitor.execute("set_link", { name: "card3", up: false });
    await until(machine, "test $(cat /sys/class/net/eth3/carrier) = 0");
    wire.listen((frame) => {
      const question = parseDhcpQuestion(frame);
      if (question !== undefined) {
        wire.send(dhcpAnswer(question, offer));
      }
    });
    await monitor.execute("set_link", { name: "card3", up: true });
    await until(machine, "test -e /run/network/eth3.dhcp");
    const shown = await machine.root(
      "ip addr show dev eth3; cat /etc/resolv.conf /run/network/eth3.dhcp",
    );
    expect(shown).toContain("inet 10.7.0.50/24");
    expect(shown).toMatch(/mtu 1350/);
    expect(shown).toContain("nameserver 10.7.0.53\n");
    expect(shown).toContain("search wire.lan\n");
    expect(shown).toContain("ntp 10.7.0.123");
    // The addresses of IPv6 and the other interfaces' servers are still there.
    expect(shown).toMatch(/inet6 fd09:/);
    expect(shown).toContain("nameserver 10.0.2.3\n");
  });

  test("an interface that is pulled out takes its name servers along", async ({
    surrounded: { machine, monitor },
  }) => {
    await monitor.execute("device_del", { id: "card3" });
    await until(machine, "! test -e /sys/class/net/eth3 -o -e /run/network/eth3.dhcp");
    await until(machine, "! grep -q 10.7.0.53 /etc/resolv.conf");
    expect(await machine.root("cat /etc/resolv.conf")).toMatch(/10\.0\.2\.3/);
  });
}
