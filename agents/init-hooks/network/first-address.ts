import type { Kernel } from "../../kernel/kernel.ts";
import { hasCable } from "./find-interfaces.ts";
import { ipv6Way } from "./ipv6-way.ts";
import { readLeases } from "./leases.ts";

/** A server answers within a second, a switch that learns the port first takes longer: then nobody waits. */
const patienceMs = 8_000;
/** A real interface needs some seconds to see its cable. */
const cablePatienceMs = 4_000;
/** Where there is a way by IPv6, IPv4 has so long to come too: servers that look whether an address is free need a second. */
const ipv4PatienceMs = 2_000;

/** What came of waiting for an address. */
export interface FirstAddress {
  message: string;
  /** Whether there is one. */
  isThere: boolean;
}

/** Waits for the first address of several interfaces. */
export interface AddressWait {
  /** To be called when addresses may have changed. */
  look(): void;
  outcome: Promise<FirstAddress>;
}

/** The first address that one of the interfaces has, "eth0 10.0.2.15/24": of IPv4, else one of IPv6 with a way out. */
export function addressNow(kernel: Kernel, interfaces: readonly string[]): string | undefined {
  const lease = readLeases(kernel).find(
    ({ interfaceName, source, address }) =>
      source !== "ra" && address !== undefined && interfaces.includes(interfaceName),
  );
  return lease === undefined
    ? ipv6Now(kernel, interfaces)
    : `${lease.interfaceName} ${lease.address}`;
}

function ipv6Now(kernel: Kernel, interfaces: readonly string[]): string | undefined {
  const [found] = interfaces.flatMap((interfaceName) => {
    const address = ipv6Way(kernel, interfaceName);
    return address === undefined ? [] : [`${interfaceName} ${address}`];
  });
  return found;
}

/** Begins to wait; `outcome` comes with an address, or when there is none for a while. */
export function awaitFirstAddress(kernel: Kernel, interfaces: readonly string[]): AddressWait {
  const timers: ReturnType<typeof setTimeout>[] = [];
  let settle: (first: FirstAddress) => void = () => undefined;
  const outcome = new Promise<FirstAddress>((resolve) => {
    settle = resolve;
  });
  const end = (message: string, isThere: boolean): void => {
    for (const timer of timers) {
      clearTimeout(timer);
    }
    settle({ message, isThere });
  };
  let hasIpv6 = false;
  const look = (): void => {
    const found = addressNow(kernel, interfaces);
    if (found === undefined) {
      return;
    }
    if (found !== ipv6Now(kernel, interfaces)) {
      end(found, true);
    } else if (!hasIpv6) {
      hasIpv6 = true;
      timers.push(setTimeout(() => end(found, true), ipv4PatienceMs));
    }
  };
  const all = interfaces.join(", ");
  timers.push(
    setTimeout(() => {
      if (!interfaces.some((interfaceName) => hasCable(kernel, interfaceName))) {
        end(`no cable in ${all}; DHCP starts when one is plugged in`, false);
      }
    }, cablePatienceMs),
    setTimeout(() => {
      const found = addressNow(kernel, interfaces);
      const late = `no answer to DHCP on ${all} within ${patienceMs / 1000} s; still asking`;
      end(found ?? late, found !== undefined);
    }, patienceMs),
  );
  look();
  return { look, outcome };
}
