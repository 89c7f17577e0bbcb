import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { findInterfaces } from "./find-interfaces.ts";
import { leaseFolder, leasePath, leaseText } from "./leases.ts";
import { type InterfacePlan, planInterfaces, planMetrics } from "./plan-network.ts";
import { withProvisioned } from "./provisioned.ts";

const ipTimeout = { quietMs: 10_000 };

/**
 * Gives every interface that isn't served yet its address, or starts DHCP on it. Gives the plans of those interfaces.
 * Throws the first KernelError.
 */
export async function serveInterfaces(
  kernel: Kernel,
  options: BootOptions,
  clients: DhcpClients,
): Promise<InterfacePlan[]> {
  const served: InterfacePlan[] = [];
  if (!clients.hasBegun()) {
    return served;
  }
  const interfaces = findInterfaces(kernel);
  const network = await withProvisioned(kernel, interfaces, options.network);
  const plans = planInterfaces(interfaces, { nodhcp: options.nodhcp, network });
  const fresh = plans.filter(
    ({ interfaceName, method }) => method === "dhcp" && !clients.has(interfaceName),
  );
  const metrics = planMetrics(
    interfaces.filter(({ name }) => fresh.some(({ interfaceName }) => interfaceName === name)),
  );
  for (const plan of plans) {
    const isNew =
      plan.method === "dhcp"
        ? await startDhcp(kernel, plan, metrics.get(plan.interfaceName), clients)
        : await setAddresses(kernel, plan);
    if (isNew) {
      served.push(plan);
    }
  }
  return served;
}

/** An interface that is gone, or that comes again under its name, has no address. */
export function forgetInterface(kernel: Kernel, clients: DhcpClients, interfaceName: string): void {
  clients.stop(interfaceName);
  for (const file of ["static", "dhcp", "ra", "mtu"]) {
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
): Promise<boolean> {
  const { interfaceName } = plan;
  if (clients.has(interfaceName)) {
    return false;
  }
  setSwitches(kernel, interfaceName);
  try {
    // DHCP's script takes the MTU that it finds for the interface's own.
    await runAll(kernel, plan);
  } finally {
    clients.start(interfaceName, metric, plan.beside);
  }
  return true;
}

async function setAddresses(kernel: Kernel, plan: InterfacePlan): Promise<boolean> {
  const { interfaceName, setting } = plan;
  const path = leasePath(interfaceName, "static");
  if (kernel.exists(path)) {
    return false;
  }
  kernel.mkdir(leaseFolder);
  setSwitches(kernel, interfaceName);
  await runAll(kernel, plan);
  const address = setting?.addresses[0];
  const { nameServers = [], timeServers = [] } = setting ?? {};
  kernel.writeAtomic(path, leaseText({ address, nameServers, timeServers }));
  return true;
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
];

function setSwitches(kernel: Kernel, interfaceName: string): void {
  for (const { family, name, value } of switches) {
    const path: SystemPath = `/proc/sys/net/${family}/conf/${interfaceName}/${name}`;
    if (kernel.exists(path)) {
      kernel.writePlain(path, value);
    }
  }
}
