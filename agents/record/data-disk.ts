import type { MountEntry } from "../kernel/mounts.ts";
import { findStateMount } from "../kernel/state-folder.ts";

/** Where what lasts is kept. */
export interface DataDisk {
  partition: string;
  filesystem: string;
  mount: string;
}

/** The data disk as it is mounted now, which everybody may see; null when there is none. */
export function mountedDataDisk(mounts: readonly MountEntry[]): DataDisk | null {
  const lasting = findStateMount(mounts);
  if (lasting === undefined) {
    return null;
  }
  const whole = mounts.find((mount) => mount.device === lasting.device && mount.root === "/");
  return {
    partition: lasting.source,
    filesystem: lasting.type,
    mount: whole?.target ?? lasting.target,
  };
}
