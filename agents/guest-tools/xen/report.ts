import { oneLine } from "../../command/one-line.ts";
import { version } from "../../command/version.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { InterfaceAddress } from "../../kernel/machine.ts";
import { meminfoBytes } from "../../kernel/meminfo.ts";
import { writeXenStore } from "./xenstore.ts";

/** How often the host hears of this guest: soon while it has no address, then as XenServer's own daemon does. */
const soonMs = 5_000;
const everyMs = 60_000;

/** What XenServer and XCP-ng show of a guest. */
export interface GuestDescription {
  version: string;
  kernelRelease: string;
  hostname: string;
  memoryTotalKb: number;
  memoryFreeKb: number;
  /** Number of Xen's network device → addresses. */
  interfaces: readonly { vif: string; addresses: readonly InterfaceAddress[] }[];
  nowMs: number;
}

/** What XenServer, XCP-ng and their consoles read about a guest: system, tools, memory, addresses. */
export function xenStoreEntries(guest: GuestDescription): Map<string, string> {
  const [major = "0", minor = "0", micro = "0"] = guest.version.split(".");
  const entries = new Map([
    ["attr/PVAddons/Installed", "1"],
    ["attr/PVAddons/MajorVersion", major],
    ["attr/PVAddons/MinorVersion", minor],
    ["attr/PVAddons/MicroVersion", micro],
    ["attr/PVAddons/BuildVersion", "0"],
    ["data/os_name", `boot2podman ${guest.version}`],
    ["data/os_distro", "boot2podman"],
    ["data/os_majorver", major],
    ["data/os_minorver", minor],
    ["data/os_uname", guest.kernelRelease],
    ["data/host_name", guest.hostname],
    ["data/meminfo_total", String(guest.memoryTotalKb)],
    ["data/meminfo_free", String(guest.memoryFreeKb)],
  ]);
  for (const { vif, addresses } of guest.interfaces) {
    for (const family of ["ipv4", "ipv6"] as const) {
      const own = addresses.filter((address) => address.family === family);
      for (const [index, { address }] of own.entries()) {
        entries.set(`attr/vif/${vif}/${family}/${index}`, address);
      }
    }
  }
  // Last: it is what the host waits for before it reads the others.
  entries.set("data/updated", String(Math.round(guest.nowMs / 1000)));
  return entries;
}

/**
 * Tells the host of this guest, again and again, since addresses and memory change. What goes wrong is said in the
 * kernel's log, and not again before it is something else or has gone well in between.
 */
export function reportToXen(kernel: Kernel): void {
  let warning: string | undefined;
  const tell = () => {
    let next = everyMs;
    try {
      const guest = describe(kernel);
      writeXenStore(kernel, xenStoreEntries(guest));
      if (guest.interfaces.every(({ addresses }) => addresses.length === 0)) {
        next = soonMs;
      }
      warning = undefined;
    } catch (error) {
      const before = warning;
      warning = `XenStore: ${oneLine(error)}`;
      if (warning !== before) {
        kernel.tellKernelLog(warning);
      }
    }
    setTimeout(tell, next).unref();
  };
  tell();
}

function describe(kernel: Kernel): GuestDescription {
  const meminfo = kernel.readTextIfPresent("/proc/meminfo") ?? "";
  const addresses = kernel.interfaceAddresses();
  return {
    version,
    kernelRelease: (kernel.readTextIfPresent("/proc/sys/kernel/osrelease") ?? "").trim(),
    hostname: kernel.hostname(),
    memoryTotalKb: meminfoBytes(meminfo, "MemTotal") / 1024,
    memoryFreeKb: meminfoBytes(meminfo, "MemAvailable") / 1024,
    interfaces: kernel.listIfPresent("/sys/class/net").flatMap((interfaceName) => {
      const node = kernel
        .readTextIfPresent(`/sys/class/net/${interfaceName}/device/nodename`)
        ?.trim();
      const vif = /^device\/vif\/(\d+)$/.exec(node ?? "")?.[1];
      if (vif === undefined) {
        return [];
      }
      return [{ vif, addresses: addresses.filter(({ name }) => name === interfaceName) }];
    }),
    nowMs: kernel.nowMs(),
  };
}
