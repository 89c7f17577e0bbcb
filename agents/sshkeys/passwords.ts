import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";

/** The password that the older systems of this family gave their user; known to everybody. */
export const documentedPassword = "tcuser";
const dropIn = "/etc/ssh/sshd_config.d/10-pwauth.conf";
const shadow = "/etc/shadow";

/**
 * Lets the user log in by the documented password, over SSH and at a console that asks (boot option `pwauth`). Root
 * still logs in by key only. In RAM: gone with the boot. Gives what people must be told.
 */
export function allowPasswords(kernel: Kernel, user: string, done: string[]): string[] {
  try {
    setPassword(kernel, user);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    return [`pwauth: no password for ${user}: ${error.message}`];
  }
  done.push(`give ${user} the documented password`);
  return [passwordWarning(user)];
}

function setPassword(kernel: Kernel, user: string): void {
  const lines = kernel.readText(shadow).split("\n");
  const fresh = lines.map((line) => {
    const [name, , ...rest] = line.split(":");
    return name === user ? [name, passwordHash, ...rest].join(":") : line;
  });
  kernel.writeAtomic(shadow, fresh.join("\n"), { mode: 0o600 });
  kernel.mkdir("/etc/ssh/sshd_config.d");
  kernel.writeAtomic(dropIn, "PasswordAuthentication yes\n");
}

/** crypt(5), SHA-512: of a password that is no secret there is nothing to protect. */
const passwordHash =
  "$6$boot2podman$hZ1Vn/627T5A8eSeNwh/N.YJ8/hyh8S23QpRBPSt.zZsFXhNuciHyOLJAVyiA97Xh/dwYZVkx8YdN9NR7Oaa81";

/** What the console says as long as passwords are taken. */
export function passwordWarning(user: string): string {
  return `pwauth: EVERYBODY who reaches this machine can log in as ${user} with the documented password "${documentedPassword}", and become root; boot without pwauth as soon as your key is in`;
}
