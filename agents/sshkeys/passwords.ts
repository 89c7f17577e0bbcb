import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { runChecked } from "../kernel/run-checked.ts";

/** The password that the older systems of this family gave their user; known to everybody. */
export const documentedPassword = "tcuser";
const dropIn = "/etc/ssh/sshd_config.d/10-pwauth.conf";
const shadow = "/etc/shadow";

/**
 * Where sshd takes keys only. Below ip_unprivileged_port_start, so that nobody but root can be there in its place; what
 * comes to it directly gets no more than at port 22.
 */
const keysOnlyPort = 24;
const nftTimeoutMs = 60_000;

/**
 * Leads what comes to port 22 from the machine itself, or over an interface without hardware (of some "kind", to the
 * kernel: a bridge, a tunnel), to where only keys are taken. By the way that it came, not by its address, which changes,
 * and which a container could choose.
 */
export const keysOnlyRuleset = `table inet boot2podman_pwauth
delete table inet boot2podman_pwauth
table inet boot2podman_pwauth {
  chain from_elsewhere {
    type nat hook prerouting priority -110; policy accept;
    meta iifkind != "none" tcp dport 22 fib daddr type local redirect to :${keysOnlyPort}
  }
  chain from_here {
    type nat hook output priority -110; policy accept;
    oifname "lo" tcp dport 22 redirect to :${keysOnlyPort}
  }
}
`;
const sshdSettings = `Port ${keysOnlyPort}
PasswordAuthentication yes
Match LocalPort ${keysOnlyPort}
  PasswordAuthentication no
`;

/**
 * Lets the user log in by the documented password, over SSH from other machines and at a console that asks (boot option
 * `pwauth`). Root still logs in by key only. In RAM: gone with the boot. Gives what people must be told.
 */
export async function allowPasswords(
  kernel: Kernel,
  user: string,
  done: string[],
): Promise<string[]> {
  try {
    setPassword(kernel, user);
  } catch (error) {
    return [`pwauth: no password for ${user}: ${messageOf(error)}`];
  }
  done.push(`give ${user} the documented password`);
  try {
    // First, so that sshd never takes a password of a container.
    await runChecked(kernel, ["nft", "-f", "-"], {
      stdin: keysOnlyRuleset,
      timeoutMs: nftTimeoutMs,
    });
    kernel.mkdir("/etc/ssh/sshd_config.d");
    kernel.writeAtomic(dropIn, sshdSettings);
  } catch (error) {
    const why = `containers could not be kept from using it: ${messageOf(error)}`;
    return [`pwauth: no password over SSH, at the console only: ${why}`];
  }
  return [passwordWarning(user)];
}

function messageOf(error: unknown): string {
  if (!(error instanceof KernelError)) {
    throw error;
  }
  return error.message;
}

function setPassword(kernel: Kernel, user: string): void {
  const lines = kernel.readText(shadow).split("\n");
  const fresh = lines.map((line) => {
    const [name, , ...rest] = line.split(":");
    return name === user ? [name, passwordHash, ...rest].join(":") : line;
  });
  kernel.writeAtomic(shadow, fresh.join("\n"), { mode: 0o600 });
}

/** crypt(5), SHA-512: of a password that is no secret there is nothing to protect. */
const passwordHash =
  "$6$boot2podman$hZ1Vn/627T5A8eSeNwh/N.YJ8/hyh8S23QpRBPSt.zZsFXhNuciHyOLJAVyiA97Xh/dwYZVkx8YdN9NR7Oaa81";

/** What the console says as long as passwords are taken. */
export function passwordWarning(user: string): string {
  return `pwauth: EVERYBODY who reaches this machine over its network can log in as ${user} with the documented password "${documentedPassword}", and become root (containers and the machine itself can not); boot without pwauth as soon as your key is in`;
}
