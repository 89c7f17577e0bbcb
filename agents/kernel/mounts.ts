/** Flags of mount(2), as mount(8) names them. */
export type MountFlag =
  | "ro"
  | "nosuid"
  | "nodev"
  | "noexec"
  | "sync"
  | "remount"
  | "noatime"
  | "relatime"
  | "bind"
  | "move"
  | "rec"
  | "private"
  | "shared"
  | "slave"
  | "silent";

/** Flags of umount2(2): MNT_FORCE, MNT_DETACH, UMOUNT_NOFOLLOW. */
export type UnmountFlag = "force" | "detach" | "nofollow";

/** A call of mount(2). */
export interface MountRequest {
  /** Device, folder (bind, move) or a name for filesystems without one; "none" for a change of propagation. */
  source: string;
  target: string;
  /** "ext4", "tmpfs", …; absent for bind, move, remount and propagation. */
  type?: string;
  flags?: readonly MountFlag[];
  /** Options of the filesystem itself: "mode=0755,size=10%". */
  options?: string;
}

/** One line of /proc/self/mountinfo. */
export interface MountEntry {
  id: number;
  parentId: number;
  /** "8:1" */
  device: string;
  /** Folder within the filesystem that is mounted; not "/" for a bind of a part. */
  root: string;
  target: string;
  options: readonly string[];
  /** Propagation: "shared:1", "master:2"; empty for private. */
  propagation: readonly string[];
  type: string;
  source: string;
  superOptions: readonly string[];
}

/** Each method throws a KernelError with the errno name. */
export interface Mounts {
  /** mount(2). Synchronous: it waits for a journal's replay. */
  mount(request: MountRequest): void;
  /**
   * Mounts a copy of the mount at `source`, with all below it, beneath what is mounted at `target`: seen once that is
   * unmounted (move_mount(2): MOVE_MOUNT_BENEATH). EINVAL before Linux 6.5.
   */
  mountBeneath(source: string, target: string): void;
  /** umount2(2). */
  unmount(target: string, flags?: readonly UnmountFlag[]): void;
  /** What is mounted as this process sees it, in the order of the kernel. */
  mounts(): MountEntry[];
}
