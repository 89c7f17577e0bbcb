import { describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.ts";
import type { Child } from "../../kernel/processes.ts";
import { type BootOptions, defaultBootOptions } from "../boot-options.ts";
import { openDhcpClients } from "./dhcp-clients.ts";
import { planDhcp } from "./plan-network.ts";
import { networkStage } from "./stage.ts";

const lo = { name: "lo", type: 772, hasDevice: false };
const eth0 = { name: "eth0", type: 1, hasDevice: true };

describe("planDhcp", () => {
  test.each([
    ["an Ethernet card", [lo, eth0], ["eth0"]],
    [
      "cards of any name",
      [
        { ...eth0, name: "enp3s0" },
        { ...eth0, name: "wan" },
      ],
      ["enp3s0", "wan"],
    ],
    ["no bridge of containers", [{ ...eth0, name: "podman0", hasDevice: false }], []],
    ["no tunnel", [{ name: "tun0", type: 65534, hasDevice: true }], []],
  ])("takes %s", (_, interfaces, cards) => {
    expect(planDhcp(interfaces, { nodhcp: false })).toEqual(cards);
  });

  test("takes none with nodhcp", () => {
    expect(planDhcp([eth0], { nodhcp: true })).toEqual([]);
  });
});

function system(...cards: string[]): FakeKernel {
  const kernel = new FakeKernel().lay({ "/etc": null, "/sys/class/net/lo/type": "772\n" });
  kernel.name = "web";
  for (const card of cards) {
    kernel.lay({ [`/sys/class/net/${card}/type`]: "1\n", [`/sys/class/net/${card}/device`]: null });
  }
  // Its script tells the address.
  kernel.onRun("udhcpc", (argv) => {
    kernel.lay({ [`/run/udhcpc.${argv[4]}.address`]: "10.0.2.15\n" });
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
    expect(outcome.message).toBe("eth0 10.0.2.15");
    expect(kernel.journal).toContain("setInterfaceUp lo");
    expect(kernel.runs.map((started) => started.argv.slice(0, 7).join(" "))).toEqual([
      "udhcpc -f -S -i eth0 -x hostname:web",
      "udhcpc -f -S -i eth1 -x hostname:web",
    ]);
  });

  test.each(["", "  \n", undefined])("fills a resolv.conf that is %j", async (content) => {
    const kernel = system();
    if (content !== undefined) kernel.lay({ "/etc/resolv.conf": content });
    await run(kernel);
    expect(kernel.readText("/etc/resolv.conf")).toMatch(/^nameserver 1\.1\.1\.1\n/);
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
      "no answer to DHCP on eth0, eth1 within 8 s; asking on",
    );
    const second = system("eth0", "eth1").onRun("udhcpc");
    const running = run(second);
    await vi.advanceTimersByTimeAsync(2000);
    second.lay({ "/run/udhcpc.eth1.address": "192.168.1.7\n" });
    second.emitUevent({ action: "add", devpath: "/", values: {} });
    expect((await running).outcome.message).toBe("eth1 192.168.1.7");
    vi.useRealTimers();
  });

  test("says why there is no DHCP", async () => {
    expect((await run(system())).outcome.message).toBe("no Ethernet card yet");
    const without = system("eth0");
    expect((await run(without, { nodhcp: true })).outcome.message).toMatch(/nodhcp/);
    expect(without.runs).toEqual([]);
  });
});

describe("DHCP clients", () => {
  test("are started once for a card, and not before the host's name is known", () => {
    const kernel = system("eth0");
    const clients = openDhcpClients(kernel);
    expect(clients.start("eth0")).toBe(false);
    clients.begin();
    expect(clients.start("eth0")).toBe(true);
    expect(clients.start("eth0")).toBe(false);
    expect(kernel.runs).toHaveLength(1);
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

  test("end with their card", () => {
    const kernel = system("eth0");
    const clients = openDhcpClients(kernel);
    clients.begin();
    clients.start("eth0");
    clients.stop("eth0");
    clients.stop("eth7");
    expect(kernel.signals).toEqual([{ pid: 1001, signal: "SIGTERM" }]);
  });
});
