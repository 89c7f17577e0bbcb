import type { Kernel } from "../../kernel/kernel.ts";
import type { Child } from "../../kernel/processes.ts";
import { stateFolder } from "../../kernel/state-folder.ts";
import { diskFolder } from "../../logs/log-folders.ts";
import { diskLogBytes, rotate } from "../../logs/rotate.ts";

/** Sourced before each hook, at logins, and for podman's service: a place for proxies and the like. */
export const profilePath = `${stateFolder}/profile`;

/** The scripts of a person's own; docs/configuration.md says when each runs. */
export type HookName = "bootsync" | "bootlocal" | "shutdown";

/** Of sh -c: sources $1 unless it isn't there or is no shell script, and becomes the rest. */
export const withProfile =
  'profile=$1; shift; [ -r "$profile" ] && /bin/sh -n "$profile" && . "$profile"; exec "$@"';

/** File to which a hook's output goes. */
export function hookLogPath(name: HookName): string {
  return `${diskFolder}/${name}.log`;
}

/**
 * Starts /var/lib/boot2podman/NAME.sh in a clean environment, with what the profile adds to it; its output goes to
 * log/NAME.log beside it. Undefined when there is no such hook. One that isn't executable is given to sh.
 */
export function startHook(kernel: Kernel, name: HookName): Child | undefined {
  const path = `${stateFolder}/${name}.sh`;
  const stat = kernel.stat(path);
  if (stat?.kind !== "file") {
    return undefined;
  }
  const logPath = hookLogPath(name);
  kernel.mkdir(diskFolder);
  rotate(kernel, logPath, diskLogBytes);
  kernel.append(logPath, `=== ${new Date(kernel.nowMs()).toISOString()} ${name}.sh\n`);
  const hook = (stat.mode & 0o100) === 0 ? ["/bin/sh", path] : [path];
  const argv = kernel.exists(profilePath)
    ? ["/bin/sh", "-c", withProfile, "sh", profilePath, ...hook]
    : hook;
  return kernel.spawn(argv, { logPath });
}
