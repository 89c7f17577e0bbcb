import type { MountEntry } from "./mounts.ts";

/** Folder of what a person or the agents keep: in RAM, and on the data disk when there is one. */
export const stateFolder = "/var/lib/boot2podman";

/**
 * There while nothing of the data disk may run by itself: hooks, the profile, crontabs, freeze.sh, services. Scripts of the image
 * look for it too.
 */
export const noHooksPath = "/run/boot2podman/no-hooks";

/** There once /usr, which lay in RAM, is read from the data disk. A script of the image looks for it too: service. */
export const usrMovedPath = "/run/boot2podman/usr-moved";

/** The mount that makes the folder last; undefined without a data disk. */
export function findStateMount(mounts: readonly MountEntry[]): MountEntry | undefined {
  return mounts.findLast(({ target }) => target === stateFolder);
}
