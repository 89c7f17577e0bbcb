import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { isIpAddress } from "../../settings/options/ip-address.ts";
import { readLeases } from "../network/leases.ts";
import { middle } from "./correction.ts";
import { ntpPort, ntpRequest, readNtpReply, type TimeSample } from "./ntp-packet.ts";

/** The packages are Debian's, and so is this part of the pool; the second name has servers of IPv6 too. */
export const defaultTimeServers = ["2.debian.pool.ntp.org"];
const answerTimeoutMs = 2_000;
const mostServers = 4;

/**
 * Clocks of hypervisors, by what they call themselves. The clock of a network interface is none: it runs as it likes
 * until somebody sets it.
 */
const hypervisorClocks = ["KVM virtual PTP", "hyperv", "ptp_vmw"];

/** The device of the hypervisor's own clock; undefined where it has none (QEMU without KVM, VirtualBox). */
export function findHypervisorClock(kernel: Kernel): string | undefined {
  const folder = "/sys/class/ptp";
  const name = kernel
    .listIfPresent(folder)
    .find((device) =>
      hypervisorClocks.includes(
        kernel.readTextIfPresent(`${folder}/${device}/clock_name`)?.trim() ?? "",
      ),
    );
  return name === undefined ? undefined : `/dev/${name}`;
}

/** Time of the battery clock in Unix milliseconds, whole seconds; undefined where there is none. */
export function readHardwareClockMs(kernel: Kernel): number | undefined {
  const text = kernel.readTextIfPresent("/sys/class/rtc/rtc0/since_epoch");
  return text === undefined ? undefined : Number(text) * 1000;
}

/** Names or addresses of time servers, and who named them. */
export interface TimeServers {
  names: readonly string[];
  from: "settings" | "DHCP" | "default";
}

/** Whom to ask: those of the settings, else those of DHCP, else Debian's pool. */
export function planTimeServers(
  settings: readonly string[],
  leases: readonly { timeServers: readonly string[] }[],
): TimeServers {
  if (settings.length > 0) {
    return { names: settings, from: "settings" };
  }
  const offered = [...new Set(leases.flatMap(({ timeServers }) => timeServers))];
  if (offered.length > 0) {
    return { names: offered, from: "DHCP" };
  }
  return { names: defaultTimeServers, from: "default" };
}

/** What the servers of this moment say, the middle of it. Throws the last KernelError when none answers. */
export async function askTime(kernel: Kernel, settings: readonly string[]): Promise<TimeSample> {
  const { names } = planTimeServers(settings, readLeases(kernel));
  const found = await Promise.allSettled(names.map((name) => endpointsOf(kernel, name)));
  const endpoints = found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const answers = await Promise.allSettled(
    someOf(endpoints).map((endpoint) => askServer(kernel, endpoint)),
  );
  const samples = answers.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const best = middle(samples);
  if (best !== undefined) {
    return best;
  }
  const refusal = [...found, ...answers].findLast((one) => one.status === "rejected");
  throw refusal?.reason ?? new KernelError("ask the time of", names.join(", "), "ENOENT");
}

/** Some of both kinds: a machine may be reached by one of them only. */
function someOf(endpoints: readonly Endpoint[]): Endpoint[] {
  const newer = endpoints.filter(({ address }) => address.includes(":"));
  const older = endpoints.filter(({ address }) => !address.includes(":"));
  const half = mostServers / 2;
  const few = older.slice(0, mostServers - Math.min(half, newer.length));
  return [...few, ...newer.slice(0, mostServers - few.length)];
}

interface Endpoint {
  address: string;
  port: number;
}

/** Of "ntp.lan", "10.0.0.1", "fd00::1", each with a port as "10.0.0.1:1123" or "[fd00::1]:1123". */
async function endpointsOf(kernel: Kernel, server: string): Promise<Endpoint[]> {
  const [, bracketed, plain, given] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(server) ?? [];
  const name = bracketed ?? plain ?? server;
  const port = given === undefined ? ntpPort : Number(given);
  const isAddress = isIpAddress(name.replace(/%[\w.-]+$/, ""));
  const addresses = isAddress ? [name] : await kernel.lookUp(name, answerTimeoutMs);
  return addresses.map((address) => ({ address, port }));
}

async function askServer(kernel: Kernel, { address, port }: Endpoint): Promise<TimeSample> {
  const cookie = crypto.getRandomValues(new Uint8Array(8));
  const payload = ntpRequest(cookie);
  const request = { address, port, payload, timeoutMs: answerTimeoutMs };
  return readNtpReply(address, cookie, await kernel.exchange(request));
}
