import { describe, expect, test as plain } from "vitest";
import { eventually } from "../vm/harness/eventually.ts";
import type { Cable } from "../vm/harness/network-laboratory/cable.ts";
import {
  type Behaviour,
  classless,
  DhcpServer,
  type Given,
  giving,
  mtu,
  nameServers,
  netmask,
  router,
  text,
} from "../vm/harness/network-laboratory/dhcp-server.ts";
import {
  type LaboratoryMachine,
  NetworkLaboratory,
} from "../vm/harness/network-laboratory/laboratory.ts";
import { type Advertisement, advertisement } from "../vm/harness/router-advertisement.ts";
import { sharedByFile } from "../vm/harness/shared-by-file.ts";
import { askedSegmentBytes } from "../vm/harness/tcp-frames.ts";

const mask = netmask("255.255.255.0");
const usual: Given = {
  address: "10.7.0.50",
  server: "10.7.0.1",
  options: [mask, router("10.7.0.1"), nameServers("10.7.0.53")],
};
/** Nobody answers. */
const silence: Behaviour = () => [];

const addresses = "ip -4 -o addr show dev eth0 | awk '{ print $4 }'";
const routes = "ip -4 route show dev eth0 | sed 's/ dev eth0//; s/  */ /g; s/ $//'";
const message = `sed 's/.*"message":"\\([^"]*\\)".*/\\1/' /run/boot2podman/network.json`;

/** Each test lays its own machines, which are gone after it; all in one laboratory. */
const test = plain
  .extend(
    "laboratory",
    ...sharedByFile(async (atTheEnd) => {
      const laboratory = await NetworkLaboratory.open();
      atTheEnd(() => laboratory.close());
      return laboratory;
    }),
  )
  .extend("lay", async ({ laboratory }, { onCleanup }) => {
    const machines: LaboratoryMachine[] = [];
    onCleanup(() => {
      for (const machine of machines) {
        machine.remove();
      }
    });
    /** A machine with these cards, not started yet. */
    return async (cards: readonly string[] = ["eth0"], commandLine = "") => {
      const machine = await laboratory.machine(cards, commandLine);
      machines.push(machine);
      return machine;
    };
  })
  .extend("served", ({ lay }) => {
    /** A machine with one card and a server, which has an address when this is done. */
    return async (given: Partial<Given> = {}, commandLine = "") => {
      const machine = await lay(["eth0"], commandLine);
      const all = { ...usual, ...given };
      const server = new DhcpServer(machine.cable("eth0"), giving(all));
      machine.start();
      await machine.until("cat /run/network/eth0.dhcp", new RegExp(`^address ${all.address}`, "m"));
      return { machine, server };
    };
  });

// It makes namespaces.
describe.skipIf(process.getuid?.() !== 0)("networks that people meet", () => {
  test.concurrent.for<{
    name: string;
    given: Partial<Given>;
    address?: string;
    expected: string[];
  }>([
    {
      name: "a usual one",
      given: {},
      expected: [
        "default via 10.7.0.1 metric 102 onlink",
        "10.7.0.0/24 scope link src 10.7.0.50 metric 102",
      ],
    },
    {
      name: "no router",
      given: { options: [mask] },
      expected: ["10.7.0.0/24 scope link src 10.7.0.50 metric 102"],
    },
    {
      name: "two routers: the second stands by",
      given: { options: [mask, router("10.7.0.1", "10.7.0.2")] },
      expected: [
        "default via 10.7.0.1 metric 102 onlink",
        "default via 10.7.0.2 metric 202 onlink",
        "10.7.0.0/24 scope link src 10.7.0.50 metric 102",
      ],
    },
    {
      name: "classless routes with a way out (option 121), which count in the router's place",
      given: {
        options: [
          mask,
          router("10.7.0.9"),
          classless(121, ["0.0.0.0/0 10.7.0.1", "10.9.0.0/16 10.7.0.2"]),
        ],
      },
      expected: [
        "default via 10.7.0.1 metric 102 onlink",
        "10.7.0.0/24 scope link src 10.7.0.50 metric 102",
        "10.9.0.0/16 via 10.7.0.2 metric 102 onlink",
      ],
    },
    {
      name: "classless routes without a way out: there is none",
      given: {
        options: [mask, router("10.7.0.9"), classless(121, ["169.254.169.254/32 0.0.0.0"])],
      },
      expected: [
        "10.7.0.0/24 scope link src 10.7.0.50 metric 102",
        "169.254.169.254 scope link metric 102",
      ],
    },
    {
      name: "classless routes as Microsoft numbers them (option 249)",
      given: {
        options: [
          mask,
          router("10.7.0.1"),
          classless(249, ["10.9.0.0/16 10.7.0.2", "0.0.0.0/0 10.7.0.1"]),
        ],
      },
      expected: [
        "default via 10.7.0.1 metric 102 onlink",
        "10.7.0.0/24 scope link src 10.7.0.50 metric 102",
        "10.9.0.0/16 via 10.7.0.2 metric 102 onlink",
      ],
    },
    {
      name: "a network of one address, its router outside",
      given: { options: [netmask("255.255.255.255"), router("10.1.1.1")] },
      address: "10.7.0.50/32",
      expected: ["default via 10.1.1.1 metric 102 onlink"],
    },
    {
      name: "a network of two addresses (RFC 3021)",
      given: { options: [netmask("255.255.255.254"), router("10.7.0.51")] },
      address: "10.7.0.50/31",
      expected: [
        "default via 10.7.0.51 metric 102 onlink",
        "10.7.0.50/31 scope link src 10.7.0.50 metric 102",
      ],
    },
    {
      name: "no netmask: that of the address's class",
      given: { options: [router("10.7.0.1")] },
      address: "10.7.0.50/8",
      expected: [
        "default via 10.7.0.1 metric 102 onlink",
        "10.0.0.0/8 scope link src 10.7.0.50 metric 102",
      ],
    },
  ])("$name", async ({ given, address = "10.7.0.50/24", expected }, { served }) => {
    const { machine } = await served(given);
    expect(await machine.root(addresses)).toBe(address);
    expect((await machine.root(routes)).split("\n")).toEqual(expected);
    await machine.until(message, new RegExp(`^eth0 ${address}$`));
  });

  test.concurrent("a usual one gives name servers, and says how the machine is reached", async ({
    served,
  }) => {
    const { machine, server } = await served();
    await machine.until("cat /etc/resolv.conf", /^nameserver 10\.7\.0\.53$/);
    expect(server.questions[0]).toMatchObject({ type: "discover", hostname: "box" });
    // The mask, routers, servers, names, an MTU, and routes of both kinds.
    expect(server.questions[0]?.wanted).toEqual(
      expect.arrayContaining([1, 3, 6, 12, 15, 26, 42, 119, 121, 249]),
    );
  });

  test.concurrent("two servers: the one that is chosen grants, the other is not asked again", async ({
    lay,
  }) => {
    const machine = await lay();
    const cable = machine.cable("eth0");
    const first = new DhcpServer(cable, giving(usual));
    const second = new DhcpServer(
      cable,
      giving({ ...usual, address: "10.7.0.99", server: "10.7.0.2" }),
    );
    machine.start();
    await machine.until(addresses, /^10\.7\.0\.50\/24$/);
    const chosen = first.questions.filter(({ type }) => type === "request");
    expect(chosen).toMatchObject([{ address: "10.7.0.50", server: "10.7.0.1" }]);
    expect(second.questions.at(-1)?.server).toBe("10.7.0.1");
  });

  test.concurrent("an answer that comes late is taken, and status no longer says that none came", async ({
    lay,
  }) => {
    const machine = await lay();
    const server = new DhcpServer(machine.cable("eth0"), silence);
    machine.start();
    await machine.until(message, /^no answer to DHCP on eth0 within 8 s; still asking$/);
    expect(await machine.root("cat /etc/resolv.conf")).toContain("nameserver 1.1.1.1");
    server.behaviour = giving(usual);
    await machine.until(message, /^eth0 10\.7\.0\.50\/24$/);
    expect(await machine.root("cat /etc/resolv.conf")).toBe("nameserver 10.7.0.53");
  });

  test.concurrent("a renewal with another address and router leaves nothing of those before", async ({
    served,
  }) => {
    const { machine, server } = await served();
    const options = [mask, router("10.7.0.2"), nameServers("10.7.0.54")];
    server.behaviour = (question) =>
      giving({ ...usual, address: "10.7.0.51", options })({ ...question, address: "10.7.0.51" });
    await machine.root("kill -USR1 $(cat /run/udhcpc.eth0.pid)");
    await machine.until(addresses, /^10\.7\.0\.51\/24$/);
    await machine.until(
      routes,
      /^default via 10\.7\.0\.2 metric 102 onlink\n10\.7\.0\.0\/24 scope link src 10\.7\.0\.51 metric 102$/,
    );
    await machine.until("cat /etc/resolv.conf", /^nameserver 10\.7\.0\.54$/);
  });

  test.concurrent("a server that takes its word back (NAK) gives another address", async ({
    served,
  }) => {
    const { machine, server } = await served();
    server.behaviour = giving({ ...usual, address: "10.7.0.60" });
    await machine.root("kill -USR1 $(cat /run/udhcpc.eth0.pid)");
    await machine.until(addresses, /^10\.7\.0\.60\/24$/);
  });

  test.concurrent("a server that is gone leaves the address for the lease's time", async ({
    served,
  }) => {
    const { machine, server } = await served();
    server.behaviour = silence;
    const before = server.questions.length;
    await machine.root("kill -USR1 $(cat /run/udhcpc.eth0.pid)");
    await eventually(
      async () => server.questions.length,
      (asked) => asked > before,
    );
    expect(await machine.root(addresses)).toBe("10.7.0.50/24");
  });

  test.concurrent("an address that somebody has already is refused, and the next one is taken", async ({
    lay,
  }) => {
    const machine = await lay();
    const server = new DhcpServer(machine.cable("eth0"), giving(usual));
    await machine.cable("eth0").inhabit("10.7.0.50/24");
    server.behaviour = (question) => {
      if (question.type === "decline") {
        server.behaviour = giving({ ...usual, address: "10.7.0.51" });
      }
      return giving(usual)(question);
    };
    machine.start();
    await machine.until(addresses, /^10\.7\.0\.51\/24$/);
    expect(server.questions.map(({ type }) => type)).toContain("decline");
  });

  test.concurrent.for([
    { name: "one domain", options: [text(15, "lan.example")], search: "search lan.example\n" },
    { name: "two domains in one", options: [text(15, "a.lan b.lan")], search: "" },
    {
      name: "a domain and a list, which counts",
      options: [
        text(15, "lan"),
        [119, Buffer.from("\x01a\x03lan\0\x01b\x03lan\0", "latin1")] as const,
      ],
      search: "search a.lan b.lan\n",
    },
  ])("$name", async ({ options, search }, { served }) => {
    const { machine } = await served({ options: [mask, nameServers("10.7.0.53"), ...options] });
    await machine.until("cat /etc/resolv.conf", /10\.7\.0\.53/);
    expect(await machine.root("cat /etc/resolv.conf")).toBe(`${search}nameserver 10.7.0.53`);
  });

  test.concurrent("a host that nobody has named takes the name that DHCP gives", async ({
    served,
  }) => {
    const { machine } = await served({ options: [mask, text(12, "lan-7")] });
    await machine.until(
      "hostname; cat /etc/hostname /etc/hosts",
      /^lan-7\nlan-7\n127\.0\.0\.1\tlocalhost lan-7$/m,
    );
  });

  test.concurrent("a host with a name keeps it, whatever DHCP gives", async ({ served }) => {
    const { machine } = await served({ options: [mask, text(12, "lan-7")] }, "host=mine");
    await machine.until(message, /^eth0 10/);
    expect(await machine.root("hostname")).toBe("mine");
  });

  test.concurrent("containers are told the packets that fit a smaller way, also when it changes", async ({
    served,
  }) => {
    const { machine, server } = await served({ options: [mask, router("10.7.0.1"), mtu(1280)] });
    await machine.until("cat /sys/class/net/eth0/mtu", /^1280$/);
    await machine.until(
      "nft list table inet boot2podman; cat /proc/sys/net/ipv4/ip_forward",
      /maxseg[^$]*1$/,
    );
    const container = await machine.container();
    const asked = (port: number) =>
      server.at.find("connection", (frame) => askedSegmentBytes(frame, port));
    container.connect("192.0.2.1", 81);
    expect(await asked(81)).toBe(1280 - 40);
    await machine.root("ip link set eth0 mtu 1400");
    container.connect("192.0.2.1", 82);
    expect(await asked(82)).toBe(1400 - 40);
  });

  test.concurrent("an MTU of routers holds for what containers send by IPv6", async ({ lay }) => {
    const machine = await lay();
    const cable = machine.cable("eth0");
    advertise(cable, { router: 0x99, lifetimeS: 1800, mtu: 1300, prefix: 0xfd09 });
    machine.start();
    await machine.until("cat /proc/sys/net/ipv6/conf/eth0/mtu", /^1300$/);
    await machine.until(
      "nft list table inet boot2podman; cat /proc/sys/net/ipv6/conf/all/forwarding",
      /maxseg[^$]*1$/,
    );
    await machine.until("ip -6 route", /^default via fe80::99 /m);
    const container = await machine.container();
    // Who asks for the router's hardware is answered.
    await machine.onItsNetwork([
      "ip",
      "neigh",
      "replace",
      "fe80::99",
      "lladdr",
      "52:55:00:00:00:63",
      "dev",
      "eth0",
    ]);
    container.connect("2001:db8::1", 83);
    expect(await cable.find("connection", (frame) => askedSegmentBytes(frame, 83))).toBe(1300 - 60);
  });

  test.concurrent("where there is only IPv6, its address is what status says", async ({ lay }) => {
    const machine = await lay();
    advertise(machine.cable("eth0"), { router: 0x99, lifetimeS: 1800, prefix: 0xfd09 });
    machine.start();
    await machine.until(message, /^eth0 fd09::[0-9a-f:]+\/64$/);
  });

  test.concurrent("name servers and domains of two routers, of which one says nothing of the other's", async ({
    lay,
  }) => {
    const machine = await lay();
    const cable = machine.cable("eth0");
    machine.start();
    await machine.until("cat /run/udhcpc.eth0.pid", /^\d+$/);
    await machine.until(
      "cat /proc/sys/net/ipv6/conf/eth0/accept_ra; ip -6 addr show dev eth0",
      /^2\n.*fe80::(?![^\n]*tentative)/s,
    );
    const one = { router: 0x1, lifetimeS: 1800, prefix: 0xfd09 };
    const say = (more: Partial<Advertisement>) => cable.send(advertisement({ ...one, ...more }));
    say({
      nameServers: { prefix: 0xfd09, last: 0x1, lifetimeS: 600 },
      search: { domains: ["one.lan"], lifetimeS: 600 },
    });
    await machine.until("cat /etc/resolv.conf", /^search one\.lan\nnameserver fd09::1$/);
    say({ router: 0x2, nameServers: { prefix: 0xfd09, last: 0x2, lifetimeS: 600 } });
    await machine.until("cat /etc/resolv.conf", /^nameserver fd09::1\nnameserver fd09::2$/m);
    // The first takes what it said away; the second's stays.
    say({ nameServers: { prefix: 0xfd09, last: 0x1, lifetimeS: 0 } });
    await machine.until("cat /etc/resolv.conf", /^search one\.lan\nnameserver fd09::2$/);
    say({ search: { domains: ["one.lan"], lifetimeS: 0 } });
    await machine.until("cat /etc/resolv.conf", /^nameserver fd09::2$/);
    // A router that goes is no way out any more.
    expect(await machine.root("ip -6 route")).toMatch(/^default via fe80::1 /m);
    say({ lifetimeS: 0 });
    await machine.until("ip -6 route | grep -c 'default via fe80::1 '", /^0$/);
  });

  test.concurrent("a cable that is pulled takes its name servers and its way out along, until it is back", async ({
    lay,
  }) => {
    const machine = await lay(["eth0", "eth1"]);
    const cable = machine.cable("eth0");
    new DhcpServer(cable, giving(usual));
    const options = [mask, router("10.8.0.1"), nameServers("10.8.0.53")];
    const other = { address: "10.8.0.50", server: "10.8.0.1", options };
    new DhcpServer(machine.cable("eth1"), giving(other), ["10.8.0.1"]);
    machine.start();
    const both = /^nameserver 10\.7\.0\.53\nnameserver 10\.8\.0\.53$/;
    await machine.until("cat /etc/resolv.conf", both);
    const way = () => machine.onItsNetwork(["ip", "route", "get", "192.0.2.1"]);
    expect(await way()).toContain("dev eth0");
    await known(machine, "up");
    await cable.pull();
    await machine.until("cat /etc/resolv.conf", /^nameserver 10\.8\.0\.53$/);
    expect(await way()).toContain("dev eth1");
    await cable.plugIn();
    await machine.until("cat /etc/resolv.conf", both);
    expect(await way()).toContain("dev eth0");
  });

  test.concurrent.for([
    { name: "refuses the address of before", refuses: true },
    { name: "says nothing of it", refuses: false },
  ])(
    "a cable that is plugged into another network, whose server $name",
    async ({ refuses }, { served }) => {
      const { machine, server } = await served();
      await known(machine, "up");
      await server.at.pull();
      await known(machine, "down");
      const options = [mask, router("10.8.0.1"), nameServers("10.8.0.53")];
      const there = giving({ address: "10.8.0.50", server: "10.8.0.1", options });
      const isSaid = (type: string) => refuses || type !== "nak";
      server.behaviour = (question) => there(question).filter(({ type }) => isSaid(type));
      server.neighbours = ["10.8.0.1"];
      await server.at.plugIn();
      await machine.until(addresses, /^10\.8\.0\.50\/24$/);
      await machine.until("cat /etc/resolv.conf", /^nameserver 10\.8\.0\.53$/);
      expect(await machine.root(routes)).toBe(
        "default via 10.8.0.1 metric 102 onlink\n10.8.0.0/24 scope link src 10.8.0.50 metric 102",
      );
    },
  );

  test.concurrent("a machine without a card says the address of the one that comes", async ({
    lay,
  }) => {
    const machine = await lay([]);
    machine.start();
    await machine.until(message, /^no Ethernet interface yet$/);
    new DhcpServer(await machine.plugIn("eth0"), giving(usual));
    await machine.until(message, /^eth0 10\.7\.0\.50\/24$/);
  });

  test.concurrent("a card that is plugged in, renamed, and taken out again", async ({ lay }) => {
    const machine = await lay();
    new DhcpServer(machine.cable("eth0"), giving(usual));
    machine.start();
    await machine.until(message, /^eth0 10\.7\.0\.50\/24$/);
    const cable = await machine.plugIn("eth1");
    const options = [mask, router("10.8.0.1"), nameServers("10.8.0.53")];
    const server = new DhcpServer(
      cable,
      giving({ address: "10.8.0.50", server: "10.8.0.1", options }),
      ["10.8.0.1"],
    );
    await machine.until("cat /etc/resolv.conf", /10\.8\.0\.53/);
    await machine.onItsNetwork(["ip", "link", "set", "eth1", "down"]);
    await machine.onItsNetwork(["ip", "link", "set", "eth1", "name", "lan0"]);
    await machine.until("cat /run/network/lan0.dhcp", /^address 10\.8\.0\.50\/24$/m);
    expect(await machine.root("ls /run/network")).not.toContain("eth1");
    const clients = "ps -ef | sed -n 's/.*udhcpc .*-i \\([a-z0-9]*\\) .*/\\1/p' | sort";
    await machine.until(clients, /^eth0\nlan0$/);
    // The one that stays is asked under the new name.
    const before = server.questions.length;
    await machine.root("kill -USR1 $(cat /run/udhcpc.lan0.pid)");
    await eventually(
      async () => server.questions.length,
      (asked) => asked > before,
    );
    await cable.unplugCard();
    await machine.until(
      "ls /run/network; cat /etc/resolv.conf",
      /^eth0\.dhcp\neth0\.mtu\neth0\.routes\nnameserver 10\.7\.0\.53$/,
    );
    await machine.until(clients, /^eth0$/);
  });

  test.concurrent("a short lease is asked for again at its half, and kept", async ({ served }) => {
    const { machine, server } = await served({ seconds: 10 });
    const asked = server.questions.length;
    await eventually(
      async () => server.questions.length,
      (count) => count > asked,
    );
    expect(server.questions.at(-1)).toMatchObject({ type: "request", address: "10.7.0.50" });
    expect(await machine.root(addresses)).toBe("10.7.0.50/24");
    expect(await machine.root("cat /etc/resolv.conf")).toBe("nameserver 10.7.0.53");
  });

  test.concurrent("the end of a lease whose server is gone takes address and routes along", async ({
    served,
  }) => {
    const { machine, server } = await served({ seconds: 10 });
    server.behaviour = silence;
    await eventually(
      () => machine.root(addresses),
      (found) => found === "",
    );
    expect(await machine.root(routes)).toBe("");
    expect(await machine.root("ls /run/network")).toBe("eth0.mtu");
    // It asks on, and takes what comes.
    server.behaviour = giving(usual);
    await machine.until(addresses, /^10\.7\.0\.50\/24$/);
  });
});

/** Waits until the kernel says so of the cable: it says nothing of what changes twice within a moment. */
async function known(machine: LaboratoryMachine, state: "up" | "down"): Promise<void> {
  await machine.until("cat /sys/class/net/eth0/operstate", new RegExp(`^${state}$`));
}

/** A router that answers whoever asks for one, and says so by itself once. */
function advertise(cable: Cable, said: Advertisement): void {
  const frame = advertisement(said);
  const isQuestion = (asked: Buffer) =>
    asked.length > 54 && asked.readUInt16BE(12) === 0x86dd && asked[54] === 133;
  cable.listen((asked) => {
    if (isQuestion(asked)) {
      cable.send(frame);
    }
  });
}
