import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fatSeedDisk } from "./disks/seed-disk.ts";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { dhcpAnswer, parseDhcpQuestion } from "./harness/dhcp-frames.ts";
import type { DiskOptions } from "./harness/qemu.ts";
import type { Monitor } from "./harness/qmp.ts";
import { routerAdvertisement } from "./harness/router-advertisement.ts";
import { runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { TimeServer } from "./harness/time-server.ts";
import { Wire } from "./harness/wire.ts";

describe("a machine with two cards, a clock that is years wrong, and little memory", () => {
  let identity: Identity;
  let disk: DiskOptions;
  let timeServer: TimeServer;
  let wire: Wire;
  let machine: TestMachine;
  let monitor: Monitor;

  beforeAll(async () => {
    identity = await newIdentity();
    disk = await newDataDisk(identity);
    const another = path.join(identity.folder, "nocloud");
    await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "nocloud", "-f", another]);
    const seed = await fatSeedDisk(
      identity.folder,
      "fat-7",
      await readFile(`${another}.pub`, "utf8"),
    );
    timeServer = await TimeServer.start();
    wire = await Wire.lay();
    machine = await TestMachine.start({
      key: identity.key,
      disks: [disk, { file: seed, format: "raw", bus: "virtio", readOnly: true }],
      memoryMiB: 512,
      append: [
        `ntpserver=10.0.2.2:${timeServer.port} tz=CET-1CEST,M3.5.0,M10.5.0/3 swapfile=32M`,
        "ip=10.8.0.77::10.8.0.2:24::eth2:off:1400",
      ].join(" "),
      extra: [
        ...["-rtc", "base=2031-05-05T05:05:05"],
        ...["-netdev", "user,id=second,net=10.9.0.0/24"],
        ...["-device", "e1000e,netdev=second,romfile="],
        ...["-netdev", "user,id=third,net=10.8.0.0/24"],
        ...["-device", "pcie-root-port,id=port1,chassis=1"],
        ...["-device", "pcie-root-port,id=port2,chassis=2"],
      ],
    });
    monitor = await machine.monitor();
    await importBusybox(machine);
  });
  afterAll(async () => {
    monitor?.close();
    await machine?.remove();
    wire?.cut();
    timeServer?.stop();
    await rm(identity.folder, { recursive: true, force: true });
  });

  /** Runs a command in the guest until it succeeds; events there have no time of their own. */
  const until = (command: string, seconds = 300) =>
    machine.root(
      `for _ in $(seq ${seconds * 4}); do ${command} && exit; sleep 0.25; done; echo "never: ${command.replaceAll('"', "")}" >&2; exit 1`,
    );
  /** How far the guest's clock is from this host's, in seconds, give or take the time to ask and one second. */
  const clockErrorS = async () => {
    const before = Date.now() / 1000;
    const guest = Number(await machine.root("date +%s"));
    const after = Date.now() / 1000;
    return guest < before - 1 ? guest - before + 1 : Math.max(0, guest - after);
  };

  test("a NoCloud disk with FAT gives the host its name and the user a key", async () => {
    expect(await machine.root("hostname")).toBe("fat-7");
    expect(await machine.root("sshkeys status")).toMatch(
      /^ +ssh-ed25519 \S+ nocloud \(from NoCloud disk \/dev\/vdb\)$/m,
    );
    expect(await machine.root("cat /etc/ssh/authorized_keys.d/tc")).toMatch(
      /^# NoCloud disk \/dev\/vdb\nssh-ed25519 \S+ nocloud$/m,
    );
    expect(await machine.root("grep -c vdb /proc/mounts || true")).toBe("0");
  });

  test("both cards have an address, a way out and name servers, whatever kind they are", async () => {
    await until("test -e /run/network/eth0.dhcp -a -e /run/network/eth1.dhcp");
    const addresses = await machine.root("ip -4 addr; ip -4 route; cat /etc/resolv.conf");
    for (const network of ["10.0.2", "10.9.0"]) {
      expect(addresses).toContain(`inet ${network}.15/24`);
      expect(addresses).toContain(`default via ${network}.2 `);
      expect(addresses).toContain(`nameserver ${network}.3\n`.trim());
    }
    await machine.root("ping -c 1 -W 20 10.9.0.2");
  });

  test("addresses of IPv6 come from routers, although packets are forwarded for containers", async () => {
    await until("test $(ip -6 addr | grep -c 'fec0:.*dynamic') = 2");
    expect(await machine.root("cat /proc/sys/net/ipv6/conf/all/forwarding")).toBe("1");
    expect(await machine.root("ip -6 route")).toMatch(/^default via fe80::2 /m);
  });

  test("ifconfig and sethostname answer as machine clients expect", async () => {
    expect(await machine.root("ifconfig")).toMatch(/inet addr:10\.0\.2\.15 /);
    await machine.guest("sudo /usr/bin/sethostname web");
    expect(await machine.root("hostname; cat /etc/hostname")).toBe("web\nweb");
    expect(await machine.root("cat /etc/hosts")).toMatch(/^127\.0\.0\.1\tlocalhost web$/m);
  });

  test("a card that is plugged in later gets the address that ip= gives it", async () => {
    const card = {
      driver: "virtio-net-pci",
      netdev: "third",
      bus: "port1",
      id: "card2",
      romfile: "",
    };
    await monitor.execute("device_add", card);
    await until("test -e /run/network/eth2.static");
    const shown = await machine.root("ip addr show dev eth2; ip route");
    expect(shown).toMatch(/mtu 1400/);
    expect(shown).toContain("inet 10.8.0.77/24");
    expect(shown).toMatch(/default via 10\.8\.0\.2 dev eth2/);
    await machine.root("ping -c 1 -W 20 10.8.0.2");
  });

  test("without an answer DHCP asks on, with the host's name, and name servers stay", async () => {
    const before = await machine.root("cat /etc/resolv.conf");
    await monitor.execute("netdev_add", wire.netdev("wire"));
    const asked = wire.next("question of DHCP", parseDhcpQuestion);
    const card = {
      driver: "virtio-net-pci",
      netdev: "wire",
      bus: "port2",
      id: "card3",
      romfile: "",
    };
    await monitor.execute("device_add", card);
    const question = await asked;
    expect(question).toMatchObject({ type: "discover", hostname: "web" });
    await wire.next("second question", parseDhcpQuestion);
    expect(await machine.root("cat /etc/resolv.conf")).toBe(before);
  });

  test("a router's name server is asked too, and its MTU holds for IPv6", async () => {
    wire.send(routerAdvertisement(1300));
    await until("grep -q fd09::53 /etc/resolv.conf");
    expect(await machine.root("cat /proc/sys/net/ipv6/conf/eth3/mtu")).toBe("1300");
    expect(await machine.root("ip -6 addr show dev eth3")).toMatch(/inet6 fd09:.* dynamic/);
  });

  test("DHCP asks at once when a cable is plugged in, and takes MTU, domain and servers", async () => {
    const offer = {
      address: "10.7.0.50",
      server: "10.7.0.1",
      mtu: 1350,
      nameServer: "10.7.0.53",
      timeServer: "10.7.0.123",
    };
    await monitor.execute("set_link", { name: "card3", up: false });
    await until("test $(cat /sys/class/net/eth3/carrier) = 0");
    wire.listen((frame) => {
      const question = parseDhcpQuestion(frame);
      if (question !== undefined) wire.send(dhcpAnswer(question, offer));
    });
    await monitor.execute("set_link", { name: "card3", up: true });
    await until("test -e /run/network/eth3.dhcp");
    const shown = await machine.root(
      "ip addr show dev eth3; cat /etc/resolv.conf /run/network/eth3.dhcp",
    );
    expect(shown).toContain("inet 10.7.0.50/24");
    expect(shown).toMatch(/mtu 1350/);
    expect(shown).toContain("nameserver 10.7.0.53\n");
    expect(shown).toContain("search wire.lan\n");
    expect(shown).toContain("ntp 10.7.0.123");
    // The addresses of IPv6 and the other cards' servers are still there.
    expect(shown).toMatch(/inet6 fd09:/);
    expect(shown).toContain("nameserver 10.0.2.3\n");
  });

  test("a card that is pulled out takes its name servers along", async () => {
    await monitor.execute("device_del", { id: "card3" });
    await until("! test -e /sys/class/net/eth3 -o -e /run/network/eth3.dhcp");
    await until("! grep -q 10.7.0.53 /etc/resolv.conf");
    expect(await machine.root("cat /etc/resolv.conf")).toMatch(/10\.0\.2\.3/);
  });

  test("the clock was set right, whatever the hardware's says, and is shown in the zone of tz=", async () => {
    await until("test -e /run/boot2podman/time.json");
    expect(await machine.root("boot2podman status")).toMatch(/^time +ok .* off by \d{8,}\.\d+ s/m);
    expect(Math.abs(await clockErrorS())).toBeLessThan(2);
    expect(await machine.root("date +%Z; date -d @1783000000 +%Z")).toBe(
      `${await machine.root("date +%Z")}\nCEST`,
    );
  });

  test("the clock is right within two seconds after the machine stood still", async () => {
    const before = timeServer.asked;
    const timesSet = "$(dmesg | grep -c 'time: set by 10.0.2.2')";
    const timesBefore = await machine.root(`echo ${timesSet}`);
    await monitor.execute("stop");
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await monitor.execute("cont");
    await until(`test ${timesSet} -gt ${timesBefore}`);
    expect(timeServer.asked).toBeGreaterThan(before);
    expect(Math.abs(await clockErrorS())).toBeLessThan(2);
  });

  test("and by the hardware clock when no time server answers then", async () => {
    timeServer.answers = false;
    // Within two seconds of a correction the kernel sets the hardware clock by its own, and says nothing of
    // it: a pause before that is one that nobody can see.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await monitor.execute("stop");
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await monitor.execute("cont");
    await until("dmesg | grep -q 'time: set by the hardware clock'");
    expect(Math.abs(await clockErrorS())).toBeLessThan(2);
    timeServer.answers = true;
  });

  test("swap is a quarter of the free memory, compressed, and a file on the data disk", async () => {
    await until("test -e /run/boot2podman/memory.json");
    const swaps = await machine.root("cat /proc/swaps");
    expect(swaps).toMatch(/^\/dev\/zram0\s.*\s100$/m);
    expect(swaps).toMatch(/^\/var\/lib\/boot2podman\/swapfile\s.*\s10$/m);
    expect(await machine.root("stat -c %a /var/lib/boot2podman/swapfile")).toBe("600");
  });

  test("a full /tmp, /run and /dev/shm are error messages, and one logs in and runs containers still", async () => {
    const filled = await machine.ssh(
      "for folder in /run /dev/shm /tmp; do cat /dev/zero > $folder/full; done; df -m /run /dev/shm /tmp",
      { user: "root" },
    );
    expect(filled.stderr.match(/No space left on device/g)).toHaveLength(3);
    expect(filled.stdout.match(/ 100% /g)).toHaveLength(3);
    await machine.closeSessions();
    expect(await machine.root("rm /run/full; echo still in")).toBe("still in");
    expect(await machine.root(`podman run --rm ${busyboxImage} echo container`)).toBe("container");
    await machine.root("rm /dev/shm/full /tmp/full");
    expect(await machine.root("dmesg | grep -c oom-kill || true")).toBe("0");
  });

  test("a container that takes all memory is ended, and nothing else; meanwhile one can log in", async () => {
    expect(await machine.root("cat /proc/$(cat /run/sshd.pid)/oom_score_adj")).toBe("-1000");
    await importBusybox(machine, "tc");
    const agent = await machine.root("pidof init-hooks");
    const script = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";
    const eater = machine.ssh(
      `podman run --rm --network none --name eater ${busyboxImage} sh -c '${script}'`,
      {
        timeoutMs: 800_000,
      },
    );
    expect(await machine.root("sleep 5; echo in")).toBe("in");
    expect((await eater).exitCode).toBe(137);
    await machine.closeSessions();
    for (const line of (await machine.root("dmesg | grep 'Killed process'")).split("\n")) {
      expect(line).toMatch(/\(sh\).*oom_score_adj:500/);
    }
    expect(await machine.root("pidof init-hooks")).toBe(agent);
    expect(await machine.root("podman info --format '{{.Host.OCIRuntime.Name}}'")).toBe("crun");
  });

  test("shutdown -h leaves the disk clean, its swap file too", async () => {
    const off = machine.ended();
    await machine.ssh("sudo shutdown -h now");
    await off;
    const state = await runOk(["dumpe2fs", "-h", `${disk.file}?offset=${2 ** 20}`]);
    expect(state).toMatch(/^Filesystem state: +clean$/m);
    expect(state).not.toMatch(/needs_recovery/);
  });
});
