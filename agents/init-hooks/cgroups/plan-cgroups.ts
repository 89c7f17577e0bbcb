import type { User } from "../../accounts/find-user.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { Step } from "../../steps/step.ts";

/** Where cgroup v2 is mounted. */
export const cgroupRoot = "/sys/fs/cgroup";
/** The leaf of the system's own processes: with processes in the root, container limits are reported as missing. */
export const systemLeaf = `${cgroupRoot}/system`;

/** The leaf in which a user's sessions run; its parent is theirs to put containers into. */
export function sessionLeaf(uid: number): SystemPath {
  return `${userGroup(uid)}/session`;
}

/** What a plan for cgroup v2 hangs on. */
export interface CgroupFacts {
  isMounted: boolean;
  user: User | undefined;
}

/**
 * The share of the processor that logins have beside the user's containers, which have 100 each, however many processes
 * they run: sshd greets and lets in whoever comes to see what a container does.
 */
const sessionCpuWeight = 1000;

/** Mounting, and the groups; controllers can be asked for only then (see planControllers). */
export function planCgroups({ isMounted, user }: CgroupFacts): Step[] {
  const mount: Step = {
    do: "mount",
    source: "cgroup2",
    target: cgroupRoot,
    type: "cgroup2",
    flags: ["nosuid", "nodev", "noexec"],
    options: "nsdelegate,memory_recursiveprot",
  };
  return [
    ...(isMounted ? [] : [mount]),
    { do: "folder", path: systemLeaf },
    ...(user === undefined ? [] : [{ do: "folder", path: sessionLeaf(user.uid) } as const]),
  ];
}

/**
 * Hands the controllers down from the root to the user's group, and that group to the user. The files are
 * those that the kernel names for delegation (Documentation/admin-guide/cgroup-v2.rst, Delegation).
 *
 * @param controllers content of cgroup.controllers of the root
 */
export function planControllers(controllers: string, user: User | undefined): Step[] {
  const enabled = controllers
    .trim()
    .split(/\s+/)
    .filter((name) => name !== "");
  const handDown = (group: SystemPath): Step => ({
    do: "write",
    path: `${group}/cgroup.subtree_control`,
    content: enabled.map((name) => `+${name}`).join(" "),
  });
  if (user === undefined) {
    return [handDown(cgroupRoot)];
  }
  const own = (path: string): Step => ({
    do: "own",
    path,
    owner: { uid: user.uid, gid: user.gid },
  });
  const mine = userGroup(user.uid);
  return [
    handDown(cgroupRoot),
    handDown(`${cgroupRoot}/user.slice`),
    handDown(mine),
    ...[mine, sessionLeaf(user.uid)].flatMap((group) => [
      own(group),
      ...["procs", "subtree_control", "threads"].map((file) => own(`${group}/cgroup.${file}`)),
    ]),
    ...(enabled.includes("cpu")
      ? [
          {
            do: "write",
            path: `${sessionLeaf(user.uid)}/cpu.weight`,
            content: String(sessionCpuWeight),
          } as const,
        ]
      : []),
  ];
}

/** The group that is the user's to put containers into. */
export function userGroup(uid: number): SystemPath {
  return `${cgroupRoot}/user.slice/user-${uid}`;
}
