import { findUser } from "../../accounts/find-user.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";

/** The image's account. */
const imageUser = "tc";

/**
 * Gives the image's account another name (option user=): the same number and rights, the home folder named after
 * it. Nothing is done for a name that is there already. To be called in the fresh root, before anybody uses it.
 * Throws a KernelError.
 */
export function renameUser(kernel: Kernel, name: string): void {
  if (findUser(kernel, name) !== undefined) {
    return;
  }
  const user = findUser(kernel, imageUser);
  if (user === undefined) {
    return;
  }
  const home = `/home/${name}`;
  kernel.rename(user.home, home);
  edit(kernel, "/etc/passwd", 0o644, (line) =>
    fields(line, (all) => all.map((field, i) => (i === 0 ? name : i === 5 ? home : field))),
  );
  for (const [path, mode] of [
    ["/etc/shadow", 0o600],
    ["/etc/subuid", 0o644],
    ["/etc/subgid", 0o644],
  ] as const) {
    edit(kernel, path, mode, (line) =>
      fields(line, (all) => all.map((field, i) => (i === 0 ? name : field))),
    );
  }
  editMembers(kernel, name);
  edit(kernel, "/etc/ssh/sshd_config", 0o644, (line) =>
    line === `Match User ${imageUser}` ? `Match User ${name}` : line,
  );
}

/** Changes the lines of a file whose first field is the image's user. */
function fields(line: string, change: (all: string[]) => string[]): string {
  const all = line.split(":");
  return all[0] === imageUser ? change(all).join(":") : line;
}

function editMembers(kernel: Kernel, name: string): void {
  edit(kernel, "/etc/group", 0o644, (line) => {
    const all = line.split(":");
    const members = (all[3] ?? "").split(",").map((one) => (one === imageUser ? name : one));
    return all.length < 4 ? line : [...all.slice(0, 3), members.join(",")].join(":");
  });
}

function edit(
  kernel: Kernel,
  path: SystemPath,
  mode: number,
  change: (line: string) => string,
): void {
  const text = kernel.readTextIfPresent(path);
  if (text === undefined) {
    return;
  }
  kernel.writeAtomic(path, text.split("\n").map(change).join("\n"), { mode });
}
