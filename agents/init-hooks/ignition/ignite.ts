import { dirname } from "node:path";
import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { loadModules } from "../../modules/module-loader.ts";
import type { Ignited } from "../../provision/ignition/program.ts";
import type { Settings } from "../../settings/settings.ts";
import { mebibyte } from "../../units/bytes.ts";
import { defaultEnvironment } from "../watch/podman-socket.ts";
import { readBootPartition } from "./boot-partition.ts";

/** Ignition, QEMU: "-fw_cfg name=opt/com.coreos/config,file=…" */
const firmwareConfig: SystemPath = "/sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw";

/** The same for proxies: "name=opt/com.coreos/environment" */
const environmentPath: SystemPath =
  "/sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/environment/raw";

/** One byte more than a config may have, for what tells that it is too long. */
const longestBytes = 16 * mebibyte + 1;

/** The part of provision/ignition that the boot calls. */
export type IgnitionProgram = Pick<typeof import("../../provision/ignition/program.ts"), "ignite">;

/** What differs from a machine's own config, by the program beside the agents'. */
export interface Igniting {
  load?: () => Promise<IgnitionProgram>;
  /** Fetches the config that the command line names; others are left alone then. */
  fetch?: (maxBytes: number) => Promise<Uint8Array>;
}

/**
 * Looks for an Ignition config, before anything else asks who the user is: its settings count from here on. Undefined
 * without one. Never rejects: what goes wrong is said, and the machine is as it would be without.
 */
export async function ignite(
  kernel: Kernel,
  settings: Pick<Settings, "give">,
  warn: (line: string) => void,
  { load = loadProgram, fetch }: Igniting = {},
): Promise<Ignited | undefined> {
  try {
    const config =
      fetch === undefined
        ? await findConfig(kernel)
        : { bytes: await fetch(longestBytes), from: "of ignition.config.url" };
    if (config === undefined) {
      return undefined;
    }
    layEnvironment(kernel);
    const program = await load();
    const ignited = program.ignite(kernel, config.bytes, `Ignition config ${config.from}`);
    const given = ignited.plan.settings.map(({ name, value }) => {
      const written = `Ignition: ${name}=${value}`;
      return { name, value, source: "Ignition", written } as const;
    });
    for (const warning of settings.give(given)) {
      warn(warning);
    }
    return ignited;
  } catch (error) {
    warn(`Ignition: ${oneLine(error)}`);
    return undefined;
  }
}

/** What older clients hand over for envset-fwcfg.service: proxies, as NAME=value with | between, in base64. */
function layEnvironment(kernel: Kernel): void {
  if (!kernel.exists(environmentPath)) {
    return;
  }
  const text = Buffer.from(kernel.readText(environmentPath), "base64").toString("utf8");
  const pairs = text.split("|").filter((pair) => /^[A-Za-z_]\w*=[\x21-\x26\x28-\x7e]*$/.test(pair));
  const lines = pairs.map((pair) => `export ${pair.replace("=", "='")}'\n`);
  kernel.mkdir(dirname(defaultEnvironment));
  kernel.writeAtomic(defaultEnvironment, lines.join(""));
}

/** QEMU's beats that of the boot partition. */
async function findConfig(
  kernel: Kernel,
): Promise<{ bytes: Uint8Array; from: string } | undefined> {
  if (!kernel.exists(firmwareConfig)) {
    await loadModules(kernel, ["qemu_fw_cfg"]);
  }
  if (kernel.exists(firmwareConfig)) {
    return { bytes: kernel.read(firmwareConfig), from: "of QEMU" };
  }
  const bytes = await readBootPartition(kernel, longestBytes, () => loadModules(kernel, ["vfat"]));
  return bytes && { bytes, from: "of the boot partition" };
}

/** Beside the agents' program, and not in it: see there. A name that the compiler doesn't see. */
async function loadProgram(): Promise<IgnitionProgram> {
  const beside: string = `${dirname(process.execPath)}/ignition.js`;
  return (await import(beside)) as IgnitionProgram;
}
