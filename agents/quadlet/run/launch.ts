import type { SystemPath } from "../../kernel/system-path.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";

/** $1: the group, $2: the folder; the rest: the command. What can't be entered has systemd's exit status. */
const asRoot = 'echo $$ >"$1/cgroup.procs" || exit 219; cd "$2" || exit 200; shift 2; exec "$@"';
/** $1: the group, $2: the user, $3: the folder. Into the group as root, since it lies beside that of the sessions. */
const asUser = [
  'echo $$ >"$1/cgroup.procs" || exit 219; user=$2 folder=$3; shift 3;',
  'exec su -p -s /bin/sh "$user" -c \'cd "$1" || exit 200; shift; exec "$@"\' -- sh "$folder" "$@"',
].join(" ");

/** The command line that runs a command of a service in its group, as its owner; no process stays in between. */
export function launchWords(
  user: SpecifierValues["user"],
  group: SystemPath,
  folder: string,
  argv: readonly string[],
): string[] {
  return user.uid === 0
    ? ["/bin/sh", "-c", asRoot, "sh", group, folder, ...argv]
    : ["/bin/sh", "-c", asUser, "sh", group, user.name, folder, ...argv];
}
