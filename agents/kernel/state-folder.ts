import type { MountEntry } from "./mounts.ts";

/** Folder of what a person or the agents keep: in RAM, and on the data disk when there is one. */
export const stateFolder = "/var/lib/boot2podman";

/** The mount that makes the folder last; undefined without a data disk. */
export function findStateMount(mounts: readonly MountEntry[]): MountEntry | undefined {
  return mounts.findLast(({ target }) => target === stateFolder);
}
