import type { Kernel } from "../../kernel/kernel.ts";
import type { Child } from "../../kernel/processes.ts";

/** Where what a person keeps for the boot lies, on the data disk when there is one. */
const hooksFolder = "/var/lib/boot2podman";
const logFolder = `${hooksFolder}/log`;

export type HookName = "bootsync" | "bootlocal" | "shutdown";

/**
 * Starts /var/lib/boot2podman/NAME.sh in a clean environment, its output in log/NAME.log beside it. Undefined
 * when there is none. A hook that isn't executable is given to sh.
 */
export function startHook(kernel: Kernel, name: HookName): Child | undefined {
  const path = `${hooksFolder}/${name}.sh`;
  const stat = kernel.stat(path);
  if (stat?.kind !== "file") return undefined;
  kernel.mkdir(logFolder);
  const argv = (stat.mode & 0o100) === 0 ? ["/bin/sh", path] : [path];
  return kernel.spawn(argv, { logPath: `${logFolder}/${name}.log` });
}
