import type { FileStat } from "../../kernel/files.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Child } from "../../kernel/processes.ts";
import { noHooksPath, stateFolder } from "../../kernel/state-folder.ts";
import { diskFolder } from "../../logs/log-folders.ts";
import { diskLogBytes, rotate } from "../../logs/rotate.ts";
import { mebibyte } from "../../units/bytes.ts";

/** Sourced before each hook, at logins, and for podman's service: a place for proxies and the like. */
export const profilePath = `${stateFolder}/profile`;

/** The scripts of a person's own; docs/configuration.md says when each runs. */
export type HookName = "bootsync" | "bootlocal" | "shutdown";

/** Nobody's profile or script is longer; a file of terabytes that holds nothing would keep sh reading. */
const longestScriptBytes = mebibyte;

/**
 * Of sh -c: sources $1 unless it isn't there, is no shell script, or would hold who reads it, and becomes the rest. The
 * same tests are in the image's /etc/profile.
 */
export const withProfile = [
  "profile=$1; shift;",
  `[ -f "$profile" ] && [ ! -L "$profile" ] && [ ! -e ${noHooksPath} ] &&`,
  `[ "$(stat -c %s "$profile")" -le ${longestScriptBytes} ] &&`,
  '/bin/sh -n "$profile" && . "$profile"; exec "$@"',
].join(" ");

/** File to which a hook's output goes. */
export function hookLogPath(name: HookName): string {
  return `${diskFolder}/${name}.log`;
}

/**
 * Starts /var/lib/boot2podman/NAME.sh in a clean environment, with what the profile adds to it; its output goes to
 * log/NAME.log beside it. Undefined when there is no such hook, or none of this disk may run. One that isn't executable
 * is given to sh. Throws an Error for what can be no hook.
 */
export function startHook(kernel: Kernel, name: HookName): Child | undefined {
  const path = `${stateFolder}/${name}.sh`;
  const stat = kernel.stat(path);
  if (stat === undefined || kernel.exists(noHooksPath)) {
    return undefined;
  }
  checkHook(kernel, path, stat);
  const logPath = hookLogPath(name);
  kernel.mkdir(diskFolder);
  rotate(kernel, logPath, diskLogBytes);
  kernel.append(logPath, `=== ${new Date(kernel.nowMs()).toISOString()} ${name}.sh\n`);
  const hook = isExecutable(stat) ? [path] : ["/bin/sh", path];
  const argv = kernel.exists(profilePath)
    ? ["/bin/sh", "-c", withProfile, "sh", profilePath, ...hook]
    : hook;
  return kernel.spawn(argv, { logPath });
}

/** A hook may be a link to a script elsewhere, but whoever runs it must come to its end. */
function checkHook(kernel: Kernel, path: string, stat: FileStat): void {
  if (stat.kind !== "file") {
    throw new Error(`${path} is not run: it is a ${stat.kind}, not a file`);
  }
  const target = kernel.realpath(path);
  if (/^\/(proc|sys|dev)\//.test(target)) {
    throw new Error(`${path} is not run: it points to ${target}`);
  }
  if (!isExecutable(stat) && stat.sizeBytes > longestScriptBytes) {
    throw new Error(`${path} is not run: it is longer than ${longestScriptBytes} bytes`);
  }
}

function isExecutable({ mode }: FileStat): boolean {
  return (mode & 0o100) !== 0;
}
