import { sha256 } from "../../digest/sha256.ts";
import type { Downloads } from "../../kernel/downloads.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { ModuleLoader } from "../../modules/module-loader.ts";
import { coldplug, waitForHeadStart } from "../devices/stage.ts";
import { findInterfaces } from "../network/find-interfaces.ts";
import { leaseFolder } from "../network/leases.ts";
import { hasHardware } from "../network/plan-network.ts";
import { refreshResolvConf } from "../network/resolv-conf.ts";

/** A config on a server, and what it has to be. */
export interface ConfigOnServer {
  url: string;
  /** Of the config, in hex. */
  sha256: string;
}

/** What the way there needs, besides the kernel. */
export interface Way {
  loader: ModuleLoader;
  /** See DeviceParts: who loads modules beside us says so there when that is over. */
  headStart: string | undefined;
  /** Name servers of the command line. */
  nameServers: readonly string[];
  downloads: Downloads;
}

/** udhcpc asks for so many seconds. */
const dhcpTries = 15;

/**
 * Fetches a config before the boot knows anything else: modules for the network cards, DHCP once on all of them, the file,
 * its sum. The network's own stage begins from the start later. Throws an Error in words; at most `maxBytes` are read.
 */
export async function fetchConfig(
  kernel: Kernel,
  { url, sha256: expected }: ConfigOnServer,
  maxBytes: number,
  { loader, headStart, nameServers, downloads }: Way,
): Promise<Uint8Array> {
  if (headStart !== undefined) {
    // The file stays for the stage that takes it away, and says whether it came late.
    await waitForHeadStart(kernel, headStart);
  }
  await coldplug(kernel, loader, new Set());
  kernel.setInterfaceUp("lo");
  kernel.mkdir(leaseFolder);
  const cards = findInterfaces(kernel).filter(hasHardware);
  if (cards.length === 0) {
    throw new Error(`${url}: no network card to fetch it by`);
  }
  const names = cards.map(({ name }) => name);
  const answers = await Promise.all(names.map((name) => askOnce(kernel, name)));
  if (!answers.includes(true)) {
    throw new Error(`${url}: no answer to DHCP on ${names.join(", ")}`);
  }
  refreshResolvConf(kernel, nameServers);
  const bytes = await read(downloads, url, maxBytes);
  const found = sha256(bytes).toString("hex");
  if (found !== expected) {
    throw new Error(
      `${url}: its SHA-256 is ${found}, and not ${expected} as ignition.config.sha256= has it`,
    );
  }
  return bytes;
}

/** Whether a server answered; the address stays until the interface's own client begins. */
async function askOnce(kernel: Kernel, name: string): Promise<boolean> {
  const script = ["-s", "/usr/share/udhcpc/default.script"];
  const argv = ["udhcpc", "-f", "-n", "-q", "-i", name, ...script, "-t", `${dhcpTries}`, "-T", "1"];
  const { exitCode } = await kernel.run(argv, { timeoutMs: { quietMs: 60_000 } });
  return exitCode === 0;
}

async function read(downloads: Downloads, url: string, maxBytes: number): Promise<Buffer> {
  const download = await downloads.download(url, 0);
  if (download === undefined) {
    throw new Error(`${url}: the server has none`);
  }
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of download.parts) {
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) {
      throw new Error(`${url}: longer than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
