import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { listed } from "../../provision/model/listed.ts";
import type { Stage } from "../../stage/stage.ts";
import type { DhcpClients } from "./dhcp-clients.ts";
import { findInterfaces, networkClassFolder } from "./find-interfaces.ts";
import { addressNow, awaitFirstAddress } from "./first-address.ts";
import { refreshHostAddress } from "./host-address.ts";
import { keepNetwork } from "./keep-network.ts";
import { leaseFolder } from "./leases.ts";
import { hasHardware } from "./plan-network.ts";
import { absentInterfaces } from "./provisioned.ts";
import { refreshResolvConf } from "./resolv-conf.ts";
import { serveInterfaces } from "./serve-interfaces.ts";

const stageName = "network";

/**
 * The loopback, an address for every Ethernet interface, and a resolv.conf that is never empty. Done with the first
 * address, or without one when no server answers for a while; DHCP goes on in either case, and the record follows.
 */
export function networkStage(clients: DhcpClients): Stage {
  return {
    name: stageName,
    // The name is sent along with the first request.
    needs: ["devices", "hostname"],
    deadlineMs: 20_000,
    async run({ kernel, options, notes }) {
      const found = findInterfaces(kernel);
      notes.observed = found;
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
      let onChange = (): void => undefined;
      keepNetwork(kernel, options, clients, () => onChange());
      /** From when the record is written it says the first address of those that comes after all. */
      const follow = (interfaces: () => readonly string[], more: readonly string[]): void => {
        onChange = () => {
          const address = addressNow(kernel, interfaces());
          if (address !== undefined) {
            onChange = () => undefined;
            void sayLater(kernel, [address, ...more].join("; "));
          }
        };
        // What came before the record was written.
        setImmediate(() => onChange());
      };
      if (plans.length === 0) {
        follow(
          () => findInterfaces(kernel).flatMap((one) => (hasHardware(one) ? [one.name] : [])),
          [],
        );
        return { result: "ok", message: noInterfaces(options.nodhcp) };
      }
      const awaited = plans.filter(
        ({ method, setting }) => method === "dhcp" || (setting?.addresses.length ?? 0) > 0,
      );
      const interfaces = awaited.map(({ interfaceName }) => interfaceName);
      const wait = interfaces.length === 0 ? undefined : awaitFirstAddress(kernel, interfaces);
      onChange = () => wait?.look();
      const { message, isThere } = (await wait?.outcome) ?? {
        message: "no interface is configured to have an address",
        isThere: true,
      };
      refreshResolvConf(kernel, options.network.nameServers);
      refreshHostAddress(kernel);
      const absent = await absentInterfaces(kernel, found);
      const more =
        absent.length === 0 ? [] : [`named by a NoCloud disk, but not present: ${listed(absent)}`];
      onChange = () => undefined;
      if (!isThere) {
        follow(() => interfaces, more);
      }
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

/** The record of this boot says how the machine is reached now, not how it was not. */
async function sayLater(kernel: Kernel, message: string): Promise<void> {
  try {
    const { amendRecord } = await import("../../record/stages/amend-record.ts");
    amendRecord(kernel, stageName, message);
    kernel.tellKernelLog(`network: ${message}`);
  } catch (error) {
    kernel.tellKernelLog(`network: ${oneLine(error)}`);
  }
}

function noInterfaces(nodhcp: boolean): string {
  return nodhcp ? "no DHCP (nodhcp)" : "no Ethernet interface yet";
}
