import { detectHypervisor } from "../../hypervisor/hypervisor.ts";
import { readMachineFacts } from "../../hypervisor/read-machine-facts.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import { toolDevices, toolPrograms } from "../programs-and-devices.ts";

export type ShareKind = "virtiofs" | "9p" | "vboxsf" | "vmhgfs";

/** A folder of the host's that can be mounted here. */
export interface OfferedShare {
  kind: ShareKind;
  /** Its tag or name as the hypervisor says it: not to be trusted. */
  name: string;
}

const virtiofsFolder = "/sys/fs/virtiofs";
const ninePDriver = "/sys/bus/virtio/drivers/9pnet_virtio";

/** All that is offered to this machine now. Throws when a hypervisor that has shares doesn't list them. */
export async function findShares(kernel: Kernel): Promise<OfferedShare[]> {
  return [
    ...findVirtioShares(kernel),
    ...(kernel.exists(toolDevices.vboxGuest) ? await findVboxShares(kernel) : []),
    // Its own program looks for them; without shares there is an empty folder.
    ...(kernel.exists(toolPrograms.vmhgfs) && isVmware(kernel)
      ? [{ kind: "vmhgfs" as const, name: "" }]
      : []),
  ];
}

async function findVboxShares(kernel: Kernel): Promise<OfferedShare[]> {
  const { listVirtualBoxShares } = await import("../virtualbox/list-shares.ts");
  return listVirtualBoxShares(kernel).map((name) => ({ kind: "vboxsf", name }));
}

function isVmware(kernel: Kernel): boolean {
  return detectHypervisor(readMachineFacts(kernel)).hypervisor === "vmware";
}

/** Shares of virtio devices; their drivers must be loaded. Needs Linux 6.9 or later for virtiofs. */
export function findVirtioShares(kernel: Kernel): OfferedShare[] {
  return [
    ...tagsIn(kernel, virtiofsFolder, "tag").map(
      (name): OfferedShare => ({
        kind: "virtiofs",
        name,
      }),
    ),
    ...tagsIn(kernel, ninePDriver, "mount_tag").map(
      (name): OfferedShare => ({
        kind: "9p",
        name,
      }),
    ),
  ];
}

function tagsIn(kernel: Kernel, folder: string, file: string): string[] {
  return kernel.listIfPresent(folder).flatMap((entry) => {
    const tag = readTag(kernel, `${folder}/${entry}/${file}`);
    return tag === undefined || tag === "" ? [] : [tag];
  });
}

/** virtiofs ends its tags with a line end, 9p with NUL. Undefined for an entry that is no device. */
function readTag(kernel: Kernel, path: string): string | undefined {
  try {
    return kernel.readTextIfPresent(path)?.replace(/\0.*$/s, "").replace(/\n$/, "");
  } catch (error) {
    // The device went while we looked.
    if (hasCode(error, "ENODEV", "ENXIO")) {
      return undefined;
    }
    throw error;
  }
}
