import { detectHypervisor } from "../../hypervisor/detect.ts";
import { readMachineFacts } from "../../hypervisor/facts/read-machine-facts.ts";
import { vboxGuestDevice } from "../../hypervisor/known/virtualbox.ts";
import { vmhgfsProgram } from "../../hypervisor/known/vmware.ts";
import type { ShareKind } from "../../hypervisor/plan/guest-plan.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { SystemPath } from "../../kernel/system-path.ts";

/** A folder of the host's that can be mounted here. */
export interface OfferedShare {
  kind: ShareKind;
  /** Its tag or name as the hypervisor says it: not to be trusted. */
  name: string;
}

const virtiofsFolder = "/sys/fs/virtiofs";
const ninePDriver = "/sys/bus/virtio/drivers/9pnet_virtio";

type Finder = (kernel: Kernel) => string[] | Promise<string[]>;

/** How the names of each kind are found, where its device or program is. */
const finders: Readonly<Record<ShareKind, Finder>> = {
  // Needs Linux 6.9 or later. The drivers of both must be loaded.
  virtiofs: (kernel) => tagsIn(kernel, virtiofsFolder, "tag"),
  "9p": (kernel) => tagsIn(kernel, ninePDriver, "mount_tag"),
  async vboxsf(kernel) {
    if (!kernel.exists(vboxGuestDevice)) {
      return [];
    }
    const { listVirtualBoxShares } = await import("../virtualbox/list-shares.ts");
    return listVirtualBoxShares(kernel);
  },
  // Its own program looks for them; without shares there is an empty folder.
  vmhgfs: (kernel) => (kernel.exists(vmhgfsProgram) && isVmware(kernel) ? [""] : []),
};

/** All that is offered to this machine now. Throws when a hypervisor that has shares doesn't list them. */
export async function findShares(kernel: Kernel): Promise<OfferedShare[]> {
  const offered: OfferedShare[] = [];
  for (const [kind, find] of Object.entries(finders) as [ShareKind, Finder][]) {
    for (const name of await find(kernel)) {
      offered.push({ kind, name });
    }
  }
  return offered;
}

function isVmware(kernel: Kernel): boolean {
  return detectHypervisor(readMachineFacts(kernel)).hypervisor === "vmware";
}

function tagsIn(kernel: Kernel, folder: SystemPath, file: string): string[] {
  return kernel.listIfPresent(folder).flatMap((entry) => {
    const tag = readTag(kernel, `${folder}/${entry}/${file}`);
    return tag === undefined || tag === "" ? [] : [tag];
  });
}

/** virtiofs ends its tags with a line end, 9p with NUL. Undefined for an entry that is no device. */
function readTag(kernel: Kernel, path: SystemPath): string | undefined {
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
