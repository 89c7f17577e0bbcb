import { expect } from "vitest";
import { secondMac, test } from "./surrounded.ts";
import { until } from "./until.ts";

/** What is around the machine when it starts: a disk with a name and a key, two interfaces. */
export function givenAtBootTests(): void {
  test("a NoCloud disk with FAT gives the host its name and the user a key", async ({
    surrounded: { machine },
  }) => {
    expect(await machine.root("hostname")).toBe("fat-7");
    expect(await machine.root("sshkeys status")).toMatch(
      /^ +ssh-ed25519 \S+ nocloud \(from NoCloud disk \/dev\/vdb1\)$/m,
    );
    expect(await machine.root("cat /etc/ssh/authorized_keys.d/tc")).toMatch(
      /^# NoCloud disk \/dev\/vdb1\nssh-ed25519 \S+ nocloud$/m,
    );
    expect(await machine.root("grep -c vdb /proc/mounts || true")).toBe("0");
  });

  test("its network-config is for the interface of that hardware's address, beside DHCP", async ({
    surrounded: { machine },
  }) => {
    const path = await machine.root(`grep -l ${secondMac} /sys/class/net/*/address`);
    const name = path.split("/").at(-2);
    await until(machine, `test -e /run/network/${name}.dhcp`);
    const shown = await machine.root(`ip addr show dev ${name}; cat /run/network/nocloud.static`);
    expect(shown).toMatch(/mtu 1400/);
    expect(shown).toContain("inet 10.9.0.15/24");
    expect(shown).toContain("inet6 fd77::5/64");
    expect(shown).toContain("inet 10.77.0.5/24");
    expect(shown).toContain("dns 10.9.0.3");
    const other = await machine.root("ip -o link | grep 52:54:00:12:34:56");
    expect(other).toMatch(/mtu 1500/);
  });

  test("both interfaces have an address, a way out and name servers, whatever kind they are", async ({
    surrounded: { machine },
  }) => {
    await until(machine, "test -e /run/network/eth0.dhcp -a -e /run/network/eth1.dhcp");
    const addresses = await machine.root("ip -4 addr; ip -4 route; cat /etc/resolv.conf");
    for (const network of ["10.0.2", "10.9.0"]) {
      expect(addresses).toContain(`inet ${network}.15/24`);
      expect(addresses).toContain(`default via ${network}.2 `);
      expect(addresses).toContain(`nameserver ${network}.3\n`.trim());
    }
    await machine.root("ping -c 1 -W 20 10.9.0.2");
  });

  test("addresses of IPv6 come from routers, although packets are forwarded for containers", async ({
    surrounded: { machine },
  }) => {
    await until(machine, "test $(ip -6 addr | grep -c 'fec0:.*dynamic') = 2");
    expect(await machine.root("cat /proc/sys/net/ipv6/conf/all/forwarding")).toBe("1");
    expect(await machine.root("ip -6 route")).toMatch(/^default via fe80::2 /m);
  });

  test("ifconfig and sethostname answer as machine clients expect", async ({
    surrounded: { machine },
  }) => {
    expect(await machine.root("ifconfig")).toMatch(/inet addr:10\.0\.2\.15 /);
    await machine.guest("sudo /usr/bin/sethostname web");
    expect(await machine.root("hostname; cat /etc/hostname")).toBe("web\nweb");
    expect(await machine.root("cat /etc/hosts")).toMatch(/^127\.0\.0\.1\tlocalhost web$/m);
  });
}
