import type { Store } from "../stores/stores.ts";

/** Root, or the user, as whom Podman is run. */
export type PodmanOwner = Store["owner"];

/** $1: the user's name; the rest: the command. Exec leaves nothing of the shells behind. */
const asUser = 'cd; export XDG_RUNTIME_DIR="/run/user/$(id -u)"; exec "$@"';

/**
 * The command line that runs Podman, or any command around it, as that owner. A user's runs in the cgroup where
 * limits of the user's containers work, as one who has logged in.
 */
export function commandOf({ name, uid }: PodmanOwner, words: readonly string[]): string[] {
  if (uid === 0) {
    return [...words];
  }
  const group = `/sys/fs/cgroup/user.slice/user-${uid}/session/cgroup.procs`;
  const joined = `[ -e ${group} ] && echo $$ >${group}; user=$1; shift; exec su -s /bin/sh "$user" -c '${asUser}' -- sh "$@"`;
  return ["/bin/sh", "-c", joined, "sh", name, ...words];
}

/** The folder of Podman's files about what runs now, which lie in RAM: `base` is there before Podman is. */
export interface RuntimePlace {
  base: string;
  /** Below `base`: the folder of the events' file. */
  events: readonly string[];
  /** Below `base`: a folder for each container, with the log of its health checks. */
  containers: string;
}

/** Where Podman keeps them, unless a configuration of the owner's own says otherwise (tmpdir, runroot). */
export function runtimePlaceOf({ uid }: PodmanOwner): RuntimePlace {
  return uid === 0
    ? {
        base: "/run",
        events: ["libpod", "events"],
        containers: "containers/storage/overlay-containers",
      }
    : {
        base: `/run/user/${uid}`,
        events: ["libpod", "tmp", "events"],
        containers: "containers/overlay-containers",
      };
}
