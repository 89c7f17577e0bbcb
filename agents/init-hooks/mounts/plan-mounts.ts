import type { User } from "../../accounts/find-user.ts";
import type { MountRequest } from "../../kernel/mounts.ts";
import type { Step } from "../../steps/step.ts";

/** What a plan for the system's own mounts hangs on. */
export interface MountFacts {
  /** Where something is mounted already. */
  mounted: readonly string[];
  user: User | undefined;
  /** Whether the kernel has securityfs, by the folder that it makes for it. */
  securityfs: boolean;
}

/** What programs expect below /dev, as systemd and Debian's initramfs mount it. */
const filesystems: readonly MountRequest[] = [
  {
    source: "devpts",
    target: "/dev/pts",
    type: "devpts",
    flags: ["nosuid", "noexec"],
    options: "gid=5,mode=620,ptmxmode=666",
  },
  {
    source: "shm",
    target: "/dev/shm",
    type: "tmpfs",
    flags: ["nosuid", "nodev"],
    // Together with /run it stays below what the root leaves for programs.
    options: "mode=1777,size=5%",
  },
  {
    source: "mqueue",
    target: "/dev/mqueue",
    type: "mqueue",
    flags: ["nosuid", "nodev", "noexec"],
  },
];

/** Where Podman looks whether AppArmor is there, and whether its profile is loaded. */
const securityfs: MountRequest = {
  source: "securityfs",
  target: "/sys/kernel/security",
  type: "securityfs",
  flags: ["nosuid", "nodev", "noexec"],
};

const links: Readonly<Record<string, string>> = {
  "/dev/fd": "/proc/self/fd",
  "/dev/stdin": "/proc/self/fd/0",
  "/dev/stdout": "/proc/self/fd/1",
  "/dev/stderr": "/proc/self/fd/2",
};

/** The mounts of a running system that are missing, and the user's folder for sockets and the like. */
export function planMounts({ mounted, user, securityfs: hasSecurityfs }: MountFacts): Step[] {
  const wanted = hasSecurityfs ? [...filesystems, securityfs] : filesystems;
  const missing = wanted.filter((request) => !mounted.includes(request.target));
  return [
    ...missing.flatMap((request): Step[] => [
      { do: "folder", path: request.target },
      { do: "mount", ...request },
    ]),
    ...Object.entries(links).map(([path, target]): Step => ({ do: "link", path, target })),
    { do: "folder", path: "/run/user" },
    ...(user === undefined ? [] : [runtimeFolder(user)]),
  ];
}

/** XDG_RUNTIME_DIR, where rootless podman keeps its state. */
function runtimeFolder({ uid, gid }: User): Step {
  return { do: "folder", path: `/run/user/${uid}`, mode: 0o700, owner: { uid, gid } };
}
