import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { stateFolder } from "../../kernel/state-folder.ts";
import { provisionedHostname } from "../../provision/read-provisions.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import type { Stage } from "../../stage/stage.ts";
import { defaultHostname, type HostnameFacts, hostsFile, planHostname } from "./plan-hostname.ts";

const storedPath = `${stateFolder}/etc/hostname`;
const longestNameBytes = 256;

/**
 * The name of the host: host= beats the one on the data disk, which beats the image's.
 *
 * @param isGiven the name is known before the data disk is there
 */
export function hostnameStage(isGiven: boolean): Stage {
  return {
    name: "hostname",
    needs: [],
    // A disk that takes its time must not keep the network away.
    ...(isGiven ? {} : { hopes: { for: ["settings"], patienceMs: 3_000 } }),
    deadlineMs: 10_000,
    async run({ kernel, options, notes }) {
      const facts = await readFacts(kernel, options);
      const plan = planHostname(facts);
      notes.observed = facts;
      notes.plan = plan;
      setName(kernel, plan.name);
      return {
        result: "ok",
        message: [`${plan.name} (${plan.from})`, ...plan.warnings].join("; "),
      };
    },
    async onFailure({ kernel }) {
      kernel.setHostname(defaultHostname);
      return `the name is ${defaultHostname}`;
    },
  };
}

/**
 * Once more when the data disk's settings have come: where the disks took their time, the host got a name before. Says
 * what went wrong; a name is no reason to fail.
 */
export async function nameLate(kernel: Kernel, options: BootOptions): Promise<string | undefined> {
  try {
    const { name, from } = planHostname(await readFacts(kernel, options));
    if (from !== "image" && from !== "default" && name !== kernel.hostname()) {
      setName(kernel, name);
    }
    return undefined;
  } catch (error) {
    return oneLine(error);
  }
}

/**
 * Takes the name that DHCP gives, for a host that nobody has named: neither an option, nor a disk, nor whoever made the
 * image, nor a person since. Throws a KernelError.
 */
export async function nameByDhcp(
  kernel: Kernel,
  options: BootOptions,
  offered: string | undefined,
): Promise<void> {
  if (offered === undefined || offered === kernel.hostname() || /^localhost\b/.test(offered)) {
    return;
  }
  const { name, from } = planHostname(await readFacts(kernel, options));
  const isUnnamed = (from === "image" || from === "default") && name === defaultHostname;
  if (isUnnamed && kernel.hostname() === defaultHostname) {
    setName(kernel, offered);
    const { amendRecord } = await import("../../record/stages/amend-record.ts");
    amendRecord(kernel, "hostname", `${offered} (DHCP)`);
    kernel.tellKernelLog(`hostname: ${offered}, as DHCP says`);
  }
}

async function readFacts(kernel: Kernel, options: BootOptions): Promise<HostnameFacts> {
  const isStored = kernel.lstat(storedPath) !== undefined;
  const stored = isStored ? kernel.readNoFollow(storedPath, longestNameBytes) : undefined;
  const isKnown = options.hostname !== undefined || stored !== undefined;
  return {
    option: options.hostname,
    stored: stored === undefined ? undefined : new TextDecoder().decode(stored),
    noCloud: isKnown ? undefined : await provisionedHostname(kernel),
    image: kernel.readTextIfPresent("/etc/hostname"),
  };
}

function setName(kernel: Kernel, name: string): void {
  kernel.setHostname(name);
  kernel.writeAtomic("/etc/hostname", `${name}\n`);
  kernel.writeAtomic("/etc/hosts", hostsFile(name));
}
