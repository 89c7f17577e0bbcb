import { chmod, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { expect, test as plain } from "vitest";
import { busyboxImage } from "./harness/container-image.ts";
import { frameSender } from "./harness/frame-sender.ts";
import { routerAdvertisement } from "./harness/router-advertisement.ts";
import { run } from "./harness/run.ts";
import { sharedByFile } from "./harness/shared-by-file.ts";
import {
  acceptedBy,
  arpAnswer,
  askedSegmentBytes,
  type Neighbour,
  synFrame,
  type TcpEnd,
} from "./harness/tcp-frames.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { usedDisk } from "./harness/used-disk.ts";
import { Wire } from "./harness/wire.ts";
import { until } from "./surroundings/until.ts";

const neighbour: Neighbour = {
  mac: "52:55:00:00:00:63",
  address: "10.7.0.2",
  guestMac: "52:54:00:77:00:01",
};
/** The machine's own address on the wire, which its containers publish their ports at. */
const own = "10.7.0.1";

interface Surrounded {
  machine: TestMachine;
  wire: Wire;
  /** The container's own address. */
  container: string;
  /** ssh's words for a user who has the documented password and no key. */
  askpass: string;
  key: string;
}

/** A machine with pwauth, a neighbour on a wire, and a container with a port published and NET_RAW. */
const test = plain.extend(
  "surrounded",
  ...sharedByFile(async (atTheEnd): Promise<Surrounded> => {
    const { identity, disk } = await usedDisk();
    atTheEnd(() => rm(identity.folder, { recursive: true, force: true }));
    const askpass = path.join(identity.folder, "ask");
    await writeFile(askpass, "#!/bin/sh\necho tcuser\n");
    await chmod(askpass, 0o755);
    const wire = await Wire.lay();
    atTheEnd(() => wire.cut());
    wire.listen((frame) => {
      const answer = arpAnswer(frame, neighbour);
      if (answer !== undefined) {
        wire.send(answer);
      }
    });
    const { type, ...words } = wire.netdev("wire");
    const netdev = Object.entries(words).map(([name, value]) => `${name}=${value}`);
    const machine = await TestMachine.start({
      key: identity.key,
      disks: [disk],
      append: `pwauth ip=${own}:::24::eth1:off`,
      extra: [
        ...["-netdev", [type, ...netdev].join(",")],
        ...["-device", `virtio-net-pci,netdev=wire,mac=${neighbour.guestMac},romfile=`],
      ],
    });
    atTheEnd(() => machine.remove());
    await machine.root(
      "mkdir -p /run/hostile && cat >/run/hostile/send && chmod 755 /run/hostile/send",
      {
        input: frameSender(routerAdvertisement(1400)),
      },
    );
    await machine.root(
      `podman run -d --name web -p 8080:80 --cap-add NET_RAW -v /run/hostile:/hostile:ro ${busyboxImage} httpd -f -h /www`,
    );
    const container = await machine.root("podman inspect -f '{{.NetworkSettings.IPAddress}}' web");
    return { machine, wire, container, askpass, key: identity.key };
  }),
);

test("the rules are there before containers are, and the second interface is the neighbour's", async ({
  surrounded: { machine, container },
}) => {
  expect(await machine.root("cat /sys/class/net/eth1/address")).toBe(neighbour.guestMac);
  expect(container).toMatch(/^10\.88\./);
  expect(await machine.root("nft list table inet boot2podman")).toContain("fib daddr type unicast");
});

test("a router advertisement of a container gives the machine no route, address or name server", async ({
  surrounded: { machine },
}) => {
  const routing = "ip -6 route; ip -6 addr show dev podman0; cat /etc/resolv.conf; ls /run/network";
  const before = await machine.root(routing);
  await advertise(machine);
  expect(await machine.root(routing)).toBe(before);
  // The same frame does what it says where somebody asked for it: a test that could not fail would be none. But even there
  // its name server is nobody's.
  await machine.root("echo 2 >/proc/sys/net/ipv6/conf/podman0/accept_ra");
  await advertise(machine);
  await until(machine, "ip -6 route | grep -q 'default via fe80::99 dev podman0'");
  expect(await machine.root("cat /etc/resolv.conf; ls /run/network")).not.toMatch(
    /fd09::53|podman0/,
  );
});

test("a published port answers a neighbour, and the machine itself at its loopback", async ({
  surrounded: { machine, wire },
}) => {
  expect(await machine.root("wget -q -T 60 -O - http://127.0.0.1:8080/index.html")).toBe(
    "made in the guest",
  );
  expect(await connect(wire, 40_001, { address: own, port: 8080 })).toEqual({
    address: own,
    port: 8080,
  });
});

test("containers reach the world, through a bridge and on the wire itself by macvlan", async ({
  surrounded: { machine },
}) => {
  const ping = "busybox ping -c 1 -W 60 10.0.2.2";
  await machine.root(`podman exec web ${ping}`);
  // By QEMU's user network that is the host's 127.0.0.1 too, unless it is restricted.
  const server = createServer((_, answer) => answer.end("of the host"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const get = `busybox wget -q -T 60 -O - http://10.0.2.2:${port}/`;
  expect(await machine.root(`podman exec web ${get}`)).toBe("of the host");
  server.close();
  await machine.root(
    "podman network create -d macvlan -o parent=eth0 --subnet 10.0.2.0/24 --gateway 10.0.2.2 wired",
  );
  await machine.root(
    `podman run --rm --network wired --ip 10.0.2.77 --cap-add NET_RAW ${busyboxImage} ${ping}`,
  );
});

test("a container is told the packets that fit a smaller way out, whose routers may say nothing of it", async ({
  surrounded: { machine, wire },
}) => {
  await machine.root("ip link set eth1 mtu 1280");
  const asked = wire.next("connection", (frame) => askedSegmentBytes(frame, 9999));
  const connecting = machine.root(
    `podman exec web busybox nc -w 1 ${neighbour.address} 9999 </dev/null || true`,
  );
  expect(await asked).toBe(1280 - 40);
  await connecting;
  expect(await machine.root("podman exec web cat /sys/class/net/eth0/mtu")).toBe("1500");
  await machine.root("ip link set eth1 mtu 1500");
});

test("a neighbour that routes through the machine reaches no unpublished port and no other network", async ({
  surrounded: { machine, wire, container },
}) => {
  const dropped = await droppedPackets(machine);
  const accepted: TcpEnd[] = [];
  const ports = [40_002, 40_003];
  const stop = wire.listen((frame) => {
    accepted.push(...ports.flatMap((port) => acceptedBy(frame, port) ?? []));
  });
  wire.send(synFrame(neighbour, 40_002, { address: container, port: 80 }));
  wire.send(synFrame(neighbour, 40_003, { address: "10.0.2.2", port: machine.sshPort }));
  await until(machine, `test $(${droppedCommand}) -ge ${dropped + 2}`);
  // Whatever would have been accepted would be so before a port that is asked for later.
  await connect(wire, 40_004, { address: own, port: 8080 });
  stop();
  expect(accepted).toEqual([]);
  // It is the rules that held it.
  await machine.root("nft flush chain inet boot2podman incoming");
  expect(await connect(wire, 40_005, { address: container, port: 80 })).toEqual({
    address: container,
    port: 80,
  });
});

test("the password of pwauth lets nobody in from a container or the machine itself, where keys do", async ({
  surrounded: { machine, askpass, key },
}) => {
  // The ssh that runs it would put its own user in place of %r.
  const asRoot = ["ssh", ...machine.sshArguments(), "root@127.0.0.1"]
    .join(" ")
    .replaceAll("%", "%%");
  const gateway = await machine.root("podman inspect -f '{{.NetworkSettings.Gateway}}' web");
  const ways = {
    gateway: `${asRoot} podman exec -i web busybox nc ${gateway} 22`,
    loopback: `${asRoot} -W 127.0.0.1:22`,
    "own address": `${asRoot} -W ${own}:22`,
  };
  for (const [name, proxy] of Object.entries(ways)) {
    const refused = await logIn(["-o", `ProxyCommand=${proxy}`], askpass);
    expect(refused.stderr, name).toMatch(/Permission denied \(publickey\)/);
  }
  const taken = await logIn(["-o", `ProxyCommand=${ways.gateway}`, "-i", key], askpass);
  expect(taken.stdout.trim(), taken.stderr).toBe("tc");
  const outside = await logIn(["-p", String(machine.sshPort)], askpass);
  expect(outside.stdout.trim(), outside.stderr).toBe("tc");
});

/** Has the container send its router advertisement, and waits until the kernel has heard it. */
async function advertise(machine: TestMachine): Promise<void> {
  const heard = "awk '/^Icmp6InRouterAdvertisements/ { print $2 }' /proc/net/dev_snmp6/podman0";
  const before = Number(await machine.root(heard));
  await machine.root("podman exec web /hostile/send");
  await until(machine, `test $(${heard}) -gt ${before}`);
}

/** Asks for a connection until somebody accepts it; gives who. */
async function connect(wire: Wire, fromPort: number, to: TcpEnd): Promise<TcpEnd> {
  const accepted = wire.next("accepted connection", (frame) => acceptedBy(frame, fromPort));
  wire.send(synFrame(neighbour, fromPort, to));
  return await accepted;
}

const droppedCommand =
  "nft list chain inet boot2podman incoming | awk '/unicast/ { for (at = 1; at < NF; at++) if ($at == \"packets\") print $(at + 1) }'";

async function droppedPackets(machine: TestMachine): Promise<number> {
  return Number(await machine.root(droppedCommand));
}

/** Logs in as tc, by the keys that the words name, else by the documented password. */
function logIn(words: readonly string[], askpass: string) {
  const argv = [
    ...["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no"],
    ...["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"],
    ...(words.includes("-i") ? [] : ["-o", "PubkeyAuthentication=no"]),
    ...["-o", "NumberOfPasswordPrompts=1", ...words, "tc@127.0.0.1", "id -un"],
  ];
  return run(argv, { env: { ...process.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" } });
}
