import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { provisionOfNoCloud } from "../../provision/read-provisions.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { findInterfaces } from "./find-interfaces.ts";
import { leaseFolder, leasePath, leaseText } from "./leases.ts";
import { type InterfacePlan, planInterfaces, planMetrics } from "./plan-network.ts";
import { withProvisioned } from "./provisioned.ts";

const ipTimeout = { quietMs: 10_000 };

/** How interfaces are served: one at a time, and what was planned for each. */
interface Served {
  turn: Promise<unknown>;
  plans: Map<string, InterfacePlan>;
}

const servedBy = new WeakMap<DhcpClients, Served>();

function servedOf(clients: DhcpClients): Served {
  const served = servedBy.get(clients) ?? { turn: Promise.resolve(), plans: new Map() };
  servedBy.set(clients, served);
  return served;
}

/** Calls come from several sides, and none may see an interface that another is at work on. */
async function inTurn<T>(clients: DhcpClients, work: () => Promise<T>): Promise<T> {
  const served = servedOf(clients);
  const result = served.turn.then(work, work);
  served.turn = result.catch(() => undefined);
  return await result;
}

/**
 * Gives every interface that isn't served yet its address, or starts DHCP on it. Gives the plans of those interfaces.
 * Throws the first KernelError.
 */
export async function serveInterfaces(
  kernel: Kernel,
  options: BootOptions,
  clients: DhcpClients,
): Promise<InterfacePlan[]> {
  return await inTurn(clients, () => serveFresh(kernel, options, clients));
}

/**
 * Once more when all disks that this boot waits for are there: where one of them brings a network, the interfaces that
 * it is about may have been served without it. Gives the plans of those that are served otherwise now. Throws the
 * first KernelError.
 */
export async function serveLate(
  kernel: Kernel,
  options: BootOptions,
  clients: DhcpClients,
): Promise<InterfacePlan[]> {
  // Nothing has been served yet: that comes to the same network.
  if (!clients.hasBegun() || (await provisionOfNoCloud(kernel))?.network === undefined) {
    return [];
  }
  return await inTurn(clients, async () => {
    const { plans } = servedOf(clients);
    const now = new Map(
      (await planAll(kernel, options)).plans.map((plan) => [plan.interfaceName, plan]),
    );
    for (const [interfaceName, before] of plans) {
      if (JSON.stringify(now.get(interfaceName)) !== JSON.stringify(before)) {
        plans.delete(interfaceName);
        await clients.stop(interfaceName);
        removeFiles(kernel, interfaceName);
        await runChecked(kernel, ["ip", "-4", "addr", "flush", "dev", interfaceName], {
          timeoutMs: ipTimeout,
        });
      }
    }
    return await serveFresh(kernel, options, clients);
  });
}

async function serveFresh(
  kernel: Kernel,
  options: BootOptions,
  clients: DhcpClients,
): Promise<InterfacePlan[]> {
  if (!clients.hasBegun()) {
    return [];
  }
  const { interfaces, plans } = await planAll(kernel, options);
  const isServed = ({ interfaceName }: InterfacePlan) =>
    clients.has(interfaceName) || kernel.exists(leasePath(interfaceName, "static"));
  const fresh = plans.filter((plan) => !isServed(plan));
  const metrics = planMetrics(
    interfaces.filter(({ name }) =>
      fresh.some(({ interfaceName, method }) => method === "dhcp" && interfaceName === name),
    ),
  );
  for (const plan of fresh) {
    servedOf(clients).plans.set(plan.interfaceName, plan);
    if (plan.method === "dhcp") {
      await startDhcp(kernel, plan, metrics.get(plan.interfaceName), clients);
    } else {
      await setAddresses(kernel, plan);
    }
  }
  return fresh;
}

async function planAll(kernel: Kernel, options: BootOptions) {
  const interfaces = findInterfaces(kernel);
  const network = await withProvisioned(kernel, interfaces, options.network);
  return { interfaces, plans: planInterfaces(interfaces, { nodhcp: options.nodhcp, network }) };
}

/** An interface that is gone, or that comes again under its name, has no address. */
export function forgetInterface(kernel: Kernel, clients: DhcpClients, interfaceName: string): void {
  servedOf(clients).plans.delete(interfaceName);
  // Nobody waits for it: the interface is gone already.
  void clients.stop(interfaceName);
  removeFiles(kernel, interfaceName);
}

function removeFiles(kernel: Kernel, interfaceName: string): void {
  for (const file of ["static", "dhcp", "ra", "mtu", "routes"]) {
    const path = `${leaseFolder}/${interfaceName}.${file}`;
    if (kernel.exists(path)) {
      kernel.unlink(path);
    }
  }
}

async function startDhcp(
  kernel: Kernel,
  plan: InterfacePlan,
  metric: number | undefined,
  clients: DhcpClients,
): Promise<void> {
  const { interfaceName } = plan;
  setSwitches(kernel, interfaceName);
  try {
    // DHCP's script takes the MTU that it finds for the interface's own.
    await runAll(kernel, plan);
  } finally {
    clients.start(interfaceName, metric, plan.beside);
  }
}

async function setAddresses(kernel: Kernel, plan: InterfacePlan): Promise<void> {
  const { interfaceName, setting } = plan;
  const path = leasePath(interfaceName, "static");
  kernel.mkdir(leaseFolder);
  setSwitches(kernel, interfaceName);
  await runAll(kernel, plan);
  const address = setting?.addresses[0];
  const { nameServers = [], timeServers = [] } = setting ?? {};
  kernel.writeAtomic(path, leaseText({ address, nameServers, timeServers }));
}

async function runAll(kernel: Kernel, { commands }: InterfacePlan): Promise<void> {
  for (const argv of commands) {
    await runChecked(kernel, argv, { timeoutMs: ipTimeout });
  }
}

/** Switches of an interface (kernel: Documentation/networking/ip-sysctl.rst); it may have come before sysctls were set. */
const switches = [
  // With forwarding on, as containers need it, router advertisements are only listened to when this is 2.
  { family: "ipv6", name: "accept_ra", value: "2" },
  // What /etc/sysctl.d says of interfaces that come later.
  { family: "ipv6", name: "accept_redirects", value: "0" },
  { family: "ipv4", name: "accept_redirects", value: "0" },
  { family: "ipv4", name: "send_redirects", value: "0" },
  { family: "ipv4", name: "accept_source_route", value: "0" },
  { family: "ipv4", name: "rp_filter", value: "2" },
  // Of several interfaces in one network each answers and asks for its own addresses only.
  { family: "ipv4", name: "arp_ignore", value: "1" },
  { family: "ipv4", name: "arp_announce", value: "2" },
  // Without its cable an interface is no way anywhere, while its addresses stay for when the cable comes back.
  { family: "ipv4", name: "ignore_routes_with_linkdown", value: "1" },
  { family: "ipv6", name: "ignore_routes_with_linkdown", value: "1" },
];

function setSwitches(kernel: Kernel, interfaceName: string): void {
  for (const { family, name, value } of switches) {
    const path: SystemPath = `/proc/sys/net/${family}/conf/${interfaceName}/${name}`;
    if (kernel.exists(path)) {
      kernel.writePlain(path, value);
    }
  }
}
