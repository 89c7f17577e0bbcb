import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { BootOptions } from "../boot-options.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { findInterfaces } from "./find-interfaces.ts";
import { leaseFolder, leasePath, leaseText } from "./leases.ts";
import { type CardPlan, planCards } from "./plan-network.ts";

const ipTimeoutMs = 10_000;

/**
 * Gives every card that isn't served yet its address, or starts DHCP on it. Gives the plans of those cards.
 * Throws the first KernelError.
 */
export async function serveCards(
  kernel: Kernel,
  options: BootOptions,
  clients: DhcpClients,
): Promise<CardPlan[]> {
  const served: CardPlan[] = [];
  if (!clients.hasBegun()) return served;
  for (const plan of planCards(findInterfaces(kernel), options)) {
    const isNew =
      plan.method === "dhcp"
        ? await startDhcp(kernel, plan, clients)
        : await setAddresses(kernel, plan);
    if (isNew) served.push(plan);
  }
  return served;
}

/** A card that is gone, or that comes again under its name, has no address. */
export function forgetCard(kernel: Kernel, clients: DhcpClients, card: string): void {
  clients.stop(card);
  for (const source of ["static", "dhcp", "ra"] as const) {
    const path = leasePath(card, source);
    if (kernel.exists(path)) kernel.unlink(path);
  }
}

async function startDhcp(kernel: Kernel, plan: CardPlan, clients: DhcpClients): Promise<boolean> {
  listenToRouters(kernel, plan.card);
  if (!clients.start(plan.card)) return false;
  await runAll(kernel, plan);
  return true;
}

async function setAddresses(kernel: Kernel, plan: CardPlan): Promise<boolean> {
  const { card, setting } = plan;
  const path = leasePath(card, "static");
  if (kernel.exists(path)) return false;
  kernel.mkdir(leaseFolder);
  listenToRouters(kernel, card);
  await runAll(kernel, plan);
  const address = setting?.addresses[0];
  const { nameServers = [], timeServers = [] } = setting ?? {};
  kernel.writeAtomic(path, leaseText({ address, nameServers, timeServers }));
  return true;
}

async function runAll(kernel: Kernel, { commands }: CardPlan): Promise<void> {
  for (const argv of commands) await runChecked(kernel, argv, { timeoutMs: ipTimeoutMs });
}

/**
 * With forwarding on, as containers need it, router advertisements are only listened to when this is 2
 * (kernel: Documentation/networking/ip-sysctl.rst). A card that was there before sysctls were set has its own.
 */
function listenToRouters(kernel: Kernel, card: string): void {
  const path = `/proc/sys/net/ipv6/conf/${card}/accept_ra`;
  if (kernel.exists(path)) kernel.writePlain(path, "2");
}
