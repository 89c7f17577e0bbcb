import type { User } from "../../accounts/find-user.ts";
import type { Owner } from "../../kernel/files.ts";
import type { MountEntry } from "../../kernel/mounts.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";

export interface ShutdownFacts {
  /** Owners of the monitors (conmon) of running containers, each once. */
  containerOwners: readonly number[];
  users: readonly User[];
  mounts: readonly MountEntry[];
}

export interface ShutdownPlan {
  /** Stops containers, one command for each owner; they run at the same time. */
  stops: readonly {
    argv: readonly string[];
    owner: Owner;
    env: Readonly<Record<string, string>>;
  }[];
  /** Mounts of disks, in the order in which they can be taken off. */
  unmounts: readonly string[];
}

/** How long a container may take after SIGTERM before podman kills it. */
const graceSeconds = 5;

/** What must be done before the power may go. */
export function planShutdown({ containerOwners, users, mounts }: ShutdownFacts): ShutdownPlan {
  return {
    stops: containerOwners.flatMap((uid) => {
      const user = users.find((known) => known.uid === uid);
      return user === undefined ? [] : [stopOf(user)];
    }),
    unmounts: mounts
      .filter(isOnDisk)
      .map((mount) => mount.target)
      .toReversed(),
  };
}

function stopOf({ uid, gid, home, name }: User): ShutdownPlan["stops"][number] {
  return {
    argv: ["podman", "stop", "--all", "--time", String(graceSeconds)],
    owner: { uid, gid },
    env: {
      ...scrubbedEnvironment,
      HOME: home,
      USER: name,
      ...(uid === 0 ? {} : { XDG_RUNTIME_DIR: `/run/user/${uid}` }),
    },
  };
}

/** The compressed /usr stays: the programs that shut down come from it. */
function isOnDisk({ source, target, type }: MountEntry): boolean {
  const isUsr = target === "/usr" || type === "squashfs";
  return (source.startsWith("/dev/") && !isUsr) || isOfContainers(target);
}

/** Layers and shared memory of containers keep the disk below them busy. */
function isOfContainers(target: string): boolean {
  return target.startsWith("/var/lib/containers/") || target.includes("/share/containers/storage/");
}
