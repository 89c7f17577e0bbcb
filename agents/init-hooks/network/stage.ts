import type { Kernel } from "../../kernel/kernel.ts";
import type { Stage } from "../stage.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { fallbackResolvConf, type Interface, planDhcp } from "./plan-network.ts";

const classFolder = "/sys/class/net";
const resolvConf = "/etc/resolv.conf";

/** The loopback, DHCP on every Ethernet card in the background, and a resolv.conf that is never empty. */
export function networkStage(clients: DhcpClients): Stage {
  return {
    name: "network",
    // The name is sent along with the first request.
    needs: ["devices", "hostname"],
    deadlineMs: 10_000,
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
      const message = cards.length === 0 ? noCards(options.nodhcp) : `DHCP on ${cards.join(", ")}`;
      return { result: "ok", message };
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

function noCards(nodhcp: boolean): string {
  return nodhcp ? "no DHCP, as asked for by nodhcp" : "no Ethernet card yet";
}
