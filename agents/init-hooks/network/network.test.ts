import { describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { Child } from "../../kernel/processes.ts";
import { readRecords } from "../../record/stages/read-records.ts";
import { openRecorder } from "../../record/stages/recorder.ts";
import { type BootOptions, defaultBootOptions } from "../../settings/boot-options.ts";
import { parseIpSetting } from "../../settings/options/interface-setting.ts";
import { openDhcpClients } from "./dhcp-clients.ts";
import { serveInterfaces, serveLate } from "./serve-interfaces.ts";
import { networkStage } from "./stage.ts";

function system(...interfaces: string[]): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/etc": null,
    "/run/boot2podman": null,
    "/sys/class/net/lo/type": "772\n",
  });
  kernel.name = "web";
  for (const interfaceName of interfaces) {
    kernel.lay({
      [`/sys/class/net/${interfaceName}/type`]: "1\n",
      [`/sys/class/net/${interfaceName}/device`]: null,
    });
  }
  // Its script tells the address.
  kernel.onRun("udhcpc", (argv) => {
    kernel.lay({ [`/run/network/${argv[4]}.dhcp`]: "address 10.0.2.15/24\ndns 10.0.2.3\n" });
    return {};
  });
  const spawn = kernel.spawn.bind(kernel);
  // A client goes on until it is killed.
  kernel.spawn = (argv, options): Child => ({
    ...spawn(argv, options),
    exited: new Promise(() => undefined),
  });
  return kernel;
}

async function run(kernel: FakeKernel, options: Partial<BootOptions> = {}) {
  const notes = { observed: null, plan: null, done: [] };
  const clients = openDhcpClients(kernel);
  const outcome = await networkStage(clients).run({
    kernel,
    options: { ...defaultBootOptions, ...options },
    notes,
  });
  return { outcome, clients };
}

describe("the stage", () => {
  test("switches the loopback on and starts DHCP with the host's name", async () => {
    const kernel = system("eth0", "eth1");
    const { outcome } = await run(kernel);
    expect(outcome.message).toBe("eth0 10.0.2.15/24");
    expect(kernel.journal).toContain("setInterfaceUp lo");
    expect(kernel.runs.map((started) => started.argv.slice(0, 7).join(" "))).toEqual([
      "udhcpc -f -S -i eth0 -x hostname:web",
      "udhcpc -f -S -i eth1 -x hostname:web",
    ]);
  });

  test.each(["", "  \n", undefined])("fills a resolv.conf that is %j", async (content) => {
    const kernel = system();
    if (content !== undefined) {
      kernel.lay({ "/etc/resolv.conf": content });
    }
    await run(kernel);
    expect(kernel.readText("/etc/resolv.conf")).toMatch(/^nameserver 1\.1\.1\.1\n/);
  });

  test("asks the name servers of DHCP", async () => {
    const kernel = system("eth0");
    await run(kernel);
    expect(kernel.readText("/etc/resolv.conf")).toBe("nameserver 10.0.2.3\n");
  });

  test("gives an interface its address of ip=, without DHCP", async () => {
    const kernel = system("eth0").onRun("ip");
    const interfaces = [parseIpSetting("10.9.0.2::10.9.0.1:24::eth0:off:10.9.0.1")].flatMap(
      (setting) => setting ?? [],
    );
    const { outcome } = await run(kernel, { network: { interfaces, nameServers: [] } });
    expect(outcome.message).toBe("eth0 10.9.0.2/24");
    expect(kernel.runs.map(({ argv }) => argv.join(" "))).toEqual([
      "ip link set dev eth0 up",
      "ip addr replace 10.9.0.2/24 dev eth0 noprefixroute",
      "ip route replace 10.9.0.0/24 dev eth0 src 10.9.0.2 scope link proto kernel metric 50",
      "ip route replace default via 10.9.0.1 dev eth0 metric 50 onlink",
    ]);
    expect(kernel.readText("/etc/resolv.conf")).toBe("nameserver 10.9.0.1\n");
  });

  test("listens to routers on each interface, although containers need forwarding", async () => {
    const kernel = system("eth0").lay({ "/proc/sys/net/ipv6/conf/eth0/accept_ra": "1" });
    await run(kernel);
    expect(kernel.readText("/proc/sys/net/ipv6/conf/eth0/accept_ra")).toBe("2");
  });

  test("lets an interface answer for its own addresses only", async () => {
    const folder = "/proc/sys/net/ipv4/conf/eth0";
    const kernel = system("eth0");
    kernel.lay({ [`${folder}/arp_ignore`]: "0", [`${folder}/arp_announce`]: "0" });
    await run(kernel);
    expect(kernel.readText(`${folder}/arp_ignore`)).toBe("1");
    expect(kernel.readText(`${folder}/arp_announce`)).toBe("2");
  });

  test("prefers the interface that comes first on the bus, and those of the start to later ones", async () => {
    const kernel = system();
    const plugIn = (interfaceName: string, index: number, slot: string) => {
      const device = `/sys/devices/pci0000:00/0000:00:${slot}`;
      kernel.lay({ [device]: null, [`/sys/class/net/${interfaceName}/type`]: "1\n" });
      kernel.lay({ [`/sys/class/net/${interfaceName}/ifindex`]: `${index}\n` });
      kernel.symlink(device, `/sys/class/net/${interfaceName}/device`);
    };
    plugIn("eth0", 2, "03.0");
    plugIn("eth1", 3, "02.0");
    const { clients } = await run(kernel);
    plugIn("eth2", 5, "01.0");
    await serveInterfaces(kernel, defaultBootOptions, clients);
    expect(kernel.runs.map(({ argv, options }) => [argv[4], options.env?.route_metric])).toEqual([
      ["eth0", "103"],
      ["eth1", "102"],
      ["eth2", "105"],
    ]);
  });

  test("waits less long when no interface has a cable", async () => {
    vi.useFakeTimers();
    const kernel = system("eth0").onRun("udhcpc");
    kernel.lay({ "/sys/class/net/eth0/operstate": "down\n" });
    const late = run(kernel);
    await vi.advanceTimersByTimeAsync(4000);
    expect((await late).outcome.message).toBe(
      "no cable in eth0; DHCP starts when one is plugged in",
    );
    vi.useRealTimers();
  });

  test("leaves a resolv.conf that has something", async () => {
    const kernel = system().lay({ "/etc/resolv.conf": "nameserver 10.0.2.3\n" });
    await run(kernel);
    expect(kernel.readText("/etc/resolv.conf")).toBe("nameserver 10.0.2.3\n");
  });

  test("waits for the first address only, and not for ever", async () => {
    vi.useFakeTimers();
    const kernel = system("eth0", "eth1").onRun("udhcpc");
    const late = run(kernel);
    await vi.advanceTimersByTimeAsync(8000);
    expect((await late).outcome.message).toBe(
      "no answer to DHCP on eth0, eth1 within 8 s; still asking",
    );
    const second = system("eth0", "eth1").onRun("udhcpc");
    const running = run(second);
    await vi.advanceTimersByTimeAsync(2000);
    second.lay({ "/run/network/eth1.dhcp": "address 192.168.1.7/24\n" });
    second.emitChange("/run/network");
    expect((await running).outcome.message).toBe("eth1 192.168.1.7/24");
    vi.useRealTimers();
  });

  const ipv6 = {
    "/proc/net/if_inet6": "fd090000000000000000000000000005 02 40 00 00     eth0\n",
    "/proc/net/ipv6_route": `${"0".repeat(32)} 00 ${"0".repeat(32)} 00 fe800000000000000000000000000099 00000400 00000001 00000000 00450003     eth0\n`,
  };

  test("waits little for DHCP where there is a way by IPv6, and takes IPv4 when it comes meanwhile", async () => {
    vi.useFakeTimers();
    const kernel = system("eth0").onRun("udhcpc");
    const running = run(kernel);
    await vi.advanceTimersByTimeAsync(1000);
    kernel.lay(ipv6);
    kernel.emitNetwork((one) => one.onAddress());
    await vi.advanceTimersByTimeAsync(2000);
    expect((await running).outcome.message).toBe("eth0 fd09::5/64");
    const both = system("eth0").onRun("udhcpc").lay(ipv6);
    const second = run(both);
    await vi.advanceTimersByTimeAsync(1500);
    both.lay({ "/run/network/eth0.dhcp": "address 192.168.1.7/24\n" });
    both.emitChange("/run/network");
    expect((await second).outcome.message).toBe("eth0 192.168.1.7/24");
    vi.useRealTimers();
  });

  test("has its record say the address that came late, and no longer that none came", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const kernel = system("eth0").onRun("udhcpc");
    const late = run(kernel);
    await vi.advanceTimersByTimeAsync(8000);
    const { message } = (await late).outcome;
    expect(message).toMatch(/^no answer to DHCP/);
    openRecorder(kernel).write({
      ...{ stage: "network", result: "ok", startedMs: 1, durationMs: 8000 },
      ...{ observed: null, plan: null, done: [], message },
    });
    kernel.lay({ "/run/network/eth0.dhcp": "address 192.168.1.7/24\n" });
    kernel.emitChange("/run/network");
    vi.useRealTimers();
    await vi.waitFor(
      () => expect(readRecords(kernel).records[0]?.message).toBe("eth0 192.168.1.7/24"),
      { timeout: 60_000 },
    );
  });

  test("says why there is no DHCP", async () => {
    expect((await run(system())).outcome.message).toBe("no Ethernet interface yet");
    const without = system("eth0");
    expect((await run(without, { nodhcp: true })).outcome.message).toMatch(/nodhcp/);
    expect(without.runs).toEqual([]);
  });
});

describe("a NoCloud disk that comes when interfaces have been served", () => {
  const lan = { match: { name: "eth0" }, addresses: ["10.9.0.5/24"], mtu: 1400 };

  /** Two interfaces of which DHCP has one, then the CD; with its clients ending as they are told to. */
  async function served(ethernets: unknown) {
    const kernel = system("eth0", "eth1").onRun("ip");
    const ended: string[] = [];
    const spawn = kernel.spawn.bind(kernel);
    kernel.spawn = (argv, options): Child => {
      let end = (_: number): void => undefined;
      const exited = new Promise<number>((resolve) => {
        end = resolve;
      });
      const kill = () => {
        ended.push(argv[4] ?? "");
        end(143);
      };
      return { ...spawn(argv, options), exited, kill };
    };
    const { clients } = await run(kernel);
    kernel.addBlockDevice("/dev/sr0", nocloudCd()).lay({ "/sys/block/sr0": null });
    const inside = new FakeKernel().lay({
      "/cd/network-config": JSON.stringify({ version: 2, ethernets }),
    });
    kernel.filesystems.set("/dev/sr0", inside.tree.get("test", "/cd", true));
    kernel.runs.length = 0;
    return { kernel, clients, ended };
  }

  function nocloudCd(): Uint8Array {
    const cd = new Uint8Array(64 * 1024);
    cd.set(Buffer.from("\x01CD001"), 32768);
    cd.set(Buffer.from("cidata".padEnd(32)), 32768 + 40);
    return cd;
  }

  const commands = (kernel: FakeKernel) => kernel.runs.map(({ argv }) => argv.join(" "));

  test("changes those that it is about, and leaves the others", async () => {
    const { kernel, clients, ended } = await served({ lan });
    const plans = await serveLate(kernel, defaultBootOptions, clients);
    expect(plans.map(({ interfaceName, method }) => [interfaceName, method])).toEqual([
      ["eth0", "static"],
    ]);
    expect(ended).toEqual(["eth0"]);
    expect(commands(kernel)).toEqual([
      "ip -4 addr flush dev eth0",
      "ip link set dev eth0 mtu 1400 up",
      "ip addr replace 10.9.0.5/24 dev eth0 noprefixroute",
      "ip route replace 10.9.0.0/24 dev eth0 src 10.9.0.5 scope link proto kernel metric 50",
    ]);
    expect(kernel.exists("/run/network/eth0.dhcp")).toBe(false);
    expect(kernel.readText("/run/network/eth0.static")).toBe("address 10.9.0.5/24\n");
    expect(clients.has("eth0")).toBe(false);
    expect(clients.has("eth1")).toBe(true);
  });

  test("adds to DHCP by asking anew, and changes nothing the second time", async () => {
    const { kernel, clients, ended } = await served({ lan: { ...lan, dhcp4: true } });
    await serveLate(kernel, defaultBootOptions, clients);
    expect(ended).toEqual(["eth0"]);
    expect(kernel.runs.at(-1)?.options?.env).toMatchObject({ own_addresses: "10.9.0.5/24" });
    expect(clients.has("eth0")).toBe(true);
    kernel.runs.length = 0;
    expect(await serveLate(kernel, defaultBootOptions, clients)).toEqual([]);
    expect(commands(kernel)).toEqual([]);
  });

  test("changes nothing by itself when another interface comes", async () => {
    const { kernel, clients, ended } = await served({ lan });
    kernel.lay({ "/sys/class/net/eth2/type": "1\n", "/sys/class/net/eth2/device": null });
    await serveInterfaces(kernel, defaultBootOptions, clients);
    expect(ended).toEqual([]);
    expect(commands(kernel).every((command) => !/eth[01]/.test(command))).toBe(true);
  });

  test("is left to the network's own stage before that has begun", async () => {
    const { kernel } = await served({ lan });
    expect(await serveLate(kernel, defaultBootOptions, openDhcpClients(kernel))).toEqual([]);
    expect(commands(kernel)).toEqual([]);
  });
});

describe("DHCP clients", () => {
  test("are started once for an interface, and not before the host's name is known", () => {
    const kernel = system("eth0");
    const clients = openDhcpClients(kernel);
    expect(clients.start("eth0")).toBe(false);
    clients.begin();
    expect(clients.start("eth0")).toBe(true);
    expect(clients.start("eth0")).toBe(false);
    expect(kernel.runs).toHaveLength(1);
  });

  test("tell their script what is a person's own beside DHCP", () => {
    const kernel = system("eth0");
    const clients = openDhcpClients(kernel);
    clients.begin();
    clients.start("eth0", 102, {
      addresses: ["10.9.0.5/24", "10.8.0.5/24"],
      routes: [{ to: "default", via: "10.9.0.1", metric: 50 }],
    });
    expect(kernel.runs[0]?.options?.env).toMatchObject({
      route_metric: "102",
      own_addresses: "10.9.0.5/24 10.8.0.5/24",
      own_routes: "default 10.9.0.1 50",
    });
  });

  test("of an agent before us are found by their process, not by an old file", () => {
    const kernel = system("eth0").lay({ "/run/udhcpc.eth0.pid": "55\n" });
    const clients = openDhcpClients(kernel);
    clients.begin();
    kernel.lay({ "/proc/55/cmdline": "udhcpc\0-f\0-i\0eth0\0" });
    expect(clients.start("eth0")).toBe(false);
    kernel.lay({ "/proc/55/cmdline": "sleep\0eth0\0" });
    expect(clients.start("eth0")).toBe(true);
  });

  test("ask again at once when they are told to, also one that an agent before us has started", () => {
    const kernel = system("eth0", "eth1").lay({ "/run/udhcpc.eth1.pid": "55\n" });
    kernel.lay({ "/proc/55/cmdline": "udhcpc\0-f\0-i\0eth1\0" });
    const clients = openDhcpClients(kernel);
    clients.begin();
    clients.start("eth0");
    for (const interfaceName of ["eth0", "eth1", "eth7"]) {
      clients.renew(interfaceName);
    }
    expect(kernel.signals).toEqual([
      { pid: 1001, signal: "SIGUSR1" },
      { pid: 55, signal: "SIGUSR1" },
    ]);
  });

  test("end with their interface", () => {
    const kernel = system("eth0");
    const clients = openDhcpClients(kernel);
    clients.begin();
    clients.start("eth0");
    clients.stop("eth0");
    clients.stop("eth7");
    expect(kernel.signals).toEqual([{ pid: 1001, signal: "SIGTERM" }]);
  });
});
