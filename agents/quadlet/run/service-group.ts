import type { Subscription } from "../../kernel/events.ts";
import type { Owner } from "../../kernel/files.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { SystemPath } from "../../kernel/system-path.ts";

const root = "/sys/fs/cgroup";

/** The group in which all services of that owner have theirs. */
export function servicesGroup(uid: number): SystemPath {
  return uid === 0 ? `${root}/services` : `${root}/user.slice/user-${uid}/services`;
}

/**
 * The processes of one service: a group of cgroup v2, in which Podman makes its own below (--cgroups=split). Whatever a
 * process says of itself, it is the service's when it is in here.
 */
export interface ServiceGroup {
  /** Where the main command belongs. */
  readonly path: SystemPath;
  /** Where the other commands belong: once Podman has handed controllers down, `path` itself takes no process. */
  readonly controlPath: SystemPath;
  hasProcesses(): boolean;
  holds(pid: number): boolean;
  processes(): number[];
  /** SIGKILL to all. */
  kill(): void;
  /** Resolves when no process is left. */
  emptied(): Promise<void>;
  /** Takes the empty group away; one that isn't empty stays. */
  remove(): void;
}

/** Makes the group, empty and the owner's. Throws a KernelError, EBUSY when processes of an earlier start don't go. */
export function makeServiceGroup(kernel: Kernel, owner: Owner, name: string): ServiceGroup {
  const parent = servicesGroup(owner.uid);
  const path: SystemPath = `${parent}/${name}`;
  const controlPath: SystemPath = `${path}/control`;
  handDown(kernel, parent);
  const group = groupAt(kernel, path, controlPath);
  group.kill();
  group.remove();
  for (const folder of [path, controlPath]) {
    kernel.mkdir(folder);
    kernel.chown(folder, owner);
    for (const file of ["procs", "subtree_control", "threads"]) {
      kernel.chown(`${folder}/cgroup.${file}`, owner);
    }
  }
  return group;
}

/** Containers' limits need the controllers, which come from above. */
function handDown(kernel: Kernel, parent: SystemPath): void {
  if (kernel.exists(parent)) {
    return;
  }
  kernel.mkdir(parent);
  const controllers = kernel.readText(`${parent}/cgroup.controllers`).trim().split(/\s+/);
  const wanted = controllers.filter((one) => one !== "").map((one) => `+${one}`);
  kernel.writePlain(`${parent}/cgroup.subtree_control`, wanted.join(" "));
}

function groupAt(kernel: Kernel, path: SystemPath, controlPath: SystemPath): ServiceGroup {
  const hasProcesses = () =>
    /^populated 1$/m.test(kernel.readTextIfPresent(`${path}/cgroup.events`) ?? "");
  return {
    path,
    controlPath,
    hasProcesses,
    holds(pid) {
      const line = kernel.readTextIfPresent(`/proc/${pid}/cgroup`) ?? "";
      const own = path.slice(root.length);
      const found = /^0::(.*)$/m.exec(line)?.[1] ?? "";
      return found === own || found.startsWith(`${own}/`);
    },
    processes: () => processesBelow(kernel, path),
    kill() {
      if (kernel.exists(`${path}/cgroup.kill`)) {
        kernel.writePlain(`${path}/cgroup.kill`, "1");
      }
    },
    emptied() {
      return new Promise((resolve) => {
        if (!hasProcesses()) {
          resolve();
          return;
        }
        let watch: Subscription | undefined;
        const look = () => {
          if (!hasProcesses()) {
            watch?.close();
            watch = undefined;
            resolve();
          }
        };
        watch = kernel.watchFolder(path, look);
        look();
      });
    },
    remove: () => removeBelow(kernel, path),
  };
}

function foldersIn(kernel: Kernel, path: SystemPath): SystemPath[] {
  return kernel
    .listIfPresent(path)
    .map((name): SystemPath => `${path}/${name}`)
    .filter((below) => kernel.lstat(below)?.kind === "folder");
}

/** A user may nest groups; Podman needs three. */
const deepest = 16;

function processesBelow(kernel: Kernel, path: SystemPath, levels = deepest): number[] {
  const own = (kernel.readTextIfPresent(`${path}/cgroup.procs`) ?? "").match(/\d+/g) ?? [];
  return [
    ...own.map(Number),
    ...(levels === 0
      ? []
      : foldersIn(kernel, path).flatMap((below) => processesBelow(kernel, below, levels - 1))),
  ];
}

function removeBelow(kernel: Kernel, path: SystemPath, levels = deepest): void {
  for (const below of levels === 0 ? [] : foldersIn(kernel, path)) {
    removeBelow(kernel, below, levels - 1);
  }
  try {
    if (kernel.exists(path)) {
      kernel.rmdir(path);
    }
  } catch (error) {
    // Processes that were killed a moment ago may still be there: the next start finds the group, and uses it.
    if (!hasCode(error, "EBUSY", "ENOENT")) {
      throw error;
    }
  }
}
