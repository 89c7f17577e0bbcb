import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import { listed } from "../../provision/model/listed.ts";
import type { Stage } from "../../stage/stage.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { findInterfaces, networkClassFolder } from "./find-interfaces.ts";
import { refreshHostAddress } from "./host-address.ts";
import { keepNetwork } from "./keep-network.ts";
import { leaseFolder, leasePath, parseLease } from "./leases.ts";
import type { InterfacePlan } from "./plan-network.ts";
import { absentInterfaces } from "./provisioned.ts";
import { refreshResolvConf } from "./resolv-conf.ts";
import { serveInterfaces } from "./serve-interfaces.ts";

/** A server answers within a second, a switch that learns the port first takes longer: then nobody waits. */
const patienceMs = 8_000;
/** A real interface needs some seconds to see its cable. */
const cablePatienceMs = 4_000;

/**
 * The loopback, an address for every Ethernet interface, and a resolv.conf that is never empty. Done with the first
 * address, or without one when no server answers for a while; DHCP goes on in either case.
 */
export function networkStage(clients: DhcpClients): Stage {
  return {
    name: "network",
    // The name is sent along with the first request.
    needs: ["devices", "hostname"],
    deadlineMs: 20_000,
    async run({ kernel, options, notes }) {
      const interfaces = findInterfaces(kernel);
      notes.observed = interfaces;
      kernel.setInterfaceUp("lo");
      kernel.mkdir(leaseFolder);
      clients.begin();
      const plans = await serveInterfaces(kernel, options, clients);
      notes.plan = plans;
      for (const { interfaceName, method } of plans) {
        notes.done.push(
          method === "dhcp"
            ? `start DHCP on ${interfaceName}`
            : `set the address of ${interfaceName}`,
        );
      }
      keepNetwork(kernel, options, clients);
      if (plans.length === 0) {
        return { result: "ok", message: noInterfaces(options.nodhcp) };
      }
      const awaited = plans.filter(
        ({ method, setting }) => method === "dhcp" || (setting?.addresses.length ?? 0) > 0,
      );
      const message =
        awaited.length === 0
          ? "no interface is configured to have an address"
          : await firstAddress(kernel, awaited);
      refreshResolvConf(kernel, options.network.nameServers);
      refreshHostAddress(kernel);
      const absent = await absentInterfaces(kernel, interfaces);
      const more =
        absent.length === 0 ? [] : [`named by a NoCloud disk, but not present: ${listed(absent)}`];
      return { result: "ok", message: [message, ...more].join("; ") };
    },
    async onFailure({ kernel }) {
      const interfaces = kernel.list(networkClassFolder).filter((name) => name !== "lo");
      clients.begin();
      for (const interfaceName of interfaces) {
        clients.start(interfaceName);
      }
      return `DHCP started on ${interfaces.join(", ")}`;
    },
  };
}

async function firstAddress(kernel: Kernel, plans: readonly InterfacePlan[]): Promise<string> {
  const interfaces = plans.map(({ interfaceName }) => interfaceName);
  // A disk that comes late may give an interface that waits for DHCP its address.
  const answers = interfaces.flatMap((interfaceName) =>
    (["dhcp", "static"] as const).map(async (source) => {
      const path = leasePath(interfaceName, source);
      await kernel.waitForPath(path, patienceMs);
      return `${interfaceName} ${parseLease(interfaceName, source, kernel.readText(path)).address ?? ""}`;
    }),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const withoutCable = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      if (!interfaces.some((interfaceName) => hasCable(kernel, interfaceName))) {
        resolve(`no cable in ${interfaces.join(", ")}; DHCP starts when one is plugged in`);
      }
    }, cablePatienceMs);
  });
  try {
    return await Promise.race([Promise.any(answers), withoutCable]);
  } catch (error) {
    const isLate = (one: unknown) => hasCode(one, "ETIMEDOUT");
    if (!(error instanceof AggregateError) || !error.errors.every(isLate)) {
      throw error;
    }
    return `no answer to DHCP on ${interfaces.join(", ")} within ${patienceMs / 1000} s; still asking`;
  } finally {
    clearTimeout(timer);
  }
}

/** "down" is said of an interface that is on and has none; an interface that says nothing may have one. */
function hasCable(kernel: Kernel, interfaceName: string): boolean {
  return (
    kernel.readTextIfPresent(`${networkClassFolder}/${interfaceName}/operstate`)?.trim() !== "down"
  );
}

function noInterfaces(nodhcp: boolean): string {
  return nodhcp ? "no DHCP (nodhcp)" : "no Ethernet interface yet";
}
