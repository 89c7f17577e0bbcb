import type { User } from "../../accounts/find-user.ts";
import { runFolder } from "../../extensions/places.ts";
import type { Owner } from "../../kernel/files.ts";
import type { MountEntry } from "../../kernel/mounts.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";

/** What a plan for the shutdown hangs on. */
export interface ShutdownFacts {
  /** Owners of the monitors (conmon) of running containers, each once. */
  containerOwners: readonly number[];
  users: readonly User[];
  mounts: readonly MountEntry[];
}

/** In which order things end. */
export interface ShutdownPlan {
  /** Stops containers, one command for each owner; they run at the same time. */
  stops: readonly {
    argv: readonly string[];
    owner: Owner;
    env: Readonly<Record<string, string>>;
  }[];
  /** A mount of each disk, to be flushed. */
  disks: readonly string[];
  /** Mounts of filesystems that somebody else serves, in the order in which they can be taken off. */
  shares: readonly string[];
  /** Mounts of disks, in the order in which they can be taken off. */
  unmounts: readonly string[];
  /** Mounts of extensions, which keep the disk that they lie on busy. */
  extensions: readonly string[];
}

/** What must be done before the power may go. */
export function planShutdown({ containerOwners, users, mounts }: ShutdownFacts): ShutdownPlan {
  return {
    stops: containerOwners.flatMap((uid) => {
      const user = users.find((known) => known.uid === uid);
      return user === undefined ? [] : [stopOf(user)];
    }),
    disks: [
      ...new Map(mounts.filter(isOfDisk).map(({ source, target }) => [source, target])).values(),
    ],
    shares: lastFirst(mounts.filter(isShare)),
    extensions: lastFirst(mounts.filter(isOfExtensions)),
    unmounts: lastFirst(mounts.filter((mount) => isOfDisk(mount) || isOfContainers(mount))),
  };
}

function stopOf({ uid, gid, home, name }: User): ShutdownPlan["stops"][number] {
  return {
    // Without --time each container gets the grace that it was made with (--stop-timeout).
    argv: ["podman", "stop", "--all"],
    owner: { uid, gid },
    env: {
      ...scrubbedEnvironment,
      HOME: home,
      USER: name,
      ...(uid === 0 ? {} : { XDG_RUNTIME_DIR: `/run/user/${uid}` }),
    },
  };
}

function lastFirst(mounts: readonly MountEntry[]): string[] {
  return mounts.map(({ target }) => target).toReversed();
}

/** The compressed /usr stays: the programs that shut down come from it. What is kept of an Ignition config lies on a disk. */
function isOfDisk({ source, target, type }: MountEntry): boolean {
  return (
    (source.startsWith("/dev/") || (type === "overlay" && source === "lasting")) &&
    target !== "/usr" &&
    type !== "squashfs"
  );
}

/** Only /usr's own image stays: that of extensions is over it. */
function isOfExtensions({ source, target, type }: MountEntry): boolean {
  const isOverUsr = source === "extensions" && type === "overlay" && target === "/usr";
  return isOverUsr || target.startsWith(`${runFolder}/`);
}

/** Layers and shared memory of containers keep the disk below them busy. */
function isOfContainers({ target }: MountEntry): boolean {
  return target.startsWith("/var/lib/containers/") || target.includes("/share/containers/storage/");
}

const servedTypes = new Set(["virtiofs", "9p", "vboxsf", "nfs", "nfs4", "cifs", "smb3", "ceph"]);

/** Served by the host, by another machine, or by a program (FUSE: vmhgfs, sshfs), which may be gone. */
function isShare(mount: MountEntry): boolean {
  const { type } = mount;
  const isServed = servedTypes.has(type) || type === "fuse" || type.startsWith("fuse.");
  return isServed && !isOfContainers(mount);
}
