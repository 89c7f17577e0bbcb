import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { Stage } from "../stage.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { dhcpAddressPath, fallbackResolvConf, type Interface, planDhcp } from "./plan-network.ts";

const classFolder = "/sys/class/net";
const resolvConf = "/etc/resolv.conf";

/** A server answers within a second, a switch that learns the port first takes longer: then nobody waits. */
const patienceMs = 8_000;

/**
 * The loopback, DHCP on every Ethernet card, and a resolv.conf that is never empty. Done with the first address,
 * or without one when no server answers for a while; DHCP goes on in either case.
 */
export function networkStage(clients: DhcpClients): Stage {
  return {
    name: "network",
    // The name is sent along with the first request.
    needs: ["devices", "hostname"],
    deadlineMs: 20_000,
    async run({ kernel, options, notes }) {
      const interfaces = findInterfaces(kernel);
      const cards = planDhcp(interfaces, options);
      notes.observed = interfaces;
      notes.plan = cards;
      kernel.setInterfaceUp("lo");
      if ((kernel.readTextIfPresent(resolvConf) ?? "").trim() === "") {
        kernel.writeAtomic(resolvConf, fallbackResolvConf);
      }
      clients.begin();
      for (const card of cards) {
        if (clients.start(card)) notes.done.push(`start DHCP on ${card}`);
      }
      if (cards.length === 0) return { result: "ok", message: noCards(options.nodhcp) };
      return { result: "ok", message: await firstAddress(kernel, cards) };
    },
    async rescue({ kernel }) {
      const cards = kernel.list(classFolder).filter((name) => name !== "lo");
      clients.begin();
      for (const card of cards) clients.start(card);
      return `DHCP asked for on ${cards.join(", ")}`;
    },
  };
}

/** What the kernel says of its network interfaces. */
export function findInterfaces(kernel: Kernel): Interface[] {
  return kernel.listIfPresent(classFolder).map((name) => ({
    name,
    type: Number(kernel.readTextIfPresent(`${classFolder}/${name}/type`) ?? 0),
    hasDevice: kernel.exists(`${classFolder}/${name}/device`),
  }));
}

async function firstAddress(kernel: Kernel, cards: readonly string[]): Promise<string> {
  const answers = cards.map(async (card) => {
    await kernel.waitForPath(dhcpAddressPath(card), patienceMs);
    return `${card} ${kernel.readText(dhcpAddressPath(card)).trim()}`;
  });
  try {
    return await Promise.any(answers);
  } catch (error) {
    const isLate = (one: unknown) => hasCode(one, "ETIMEDOUT");
    if (!(error instanceof AggregateError) || !error.errors.every(isLate)) throw error;
    return `no answer to DHCP on ${cards.join(", ")} within ${patienceMs / 1000} s; asking on`;
  }
}

function noCards(nodhcp: boolean): string {
  return nodhcp ? "no DHCP, as asked for by nodhcp" : "no Ethernet card yet";
}
