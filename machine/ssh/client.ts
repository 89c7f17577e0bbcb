import { quotedPath } from "./paths.ts";

/** Whom to log in as, and where. */
export interface SshTarget {
  /** The machine's name: its key is known under this, whatever its port is. */
  readonly name: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** Undefined: ssh's own keys and agent. */
  readonly keyPath: string | undefined;
  readonly knownHostsPath: string;
}

/**
 * The arguments of ssh(1) for a machine. The host key is kept in a file of the machine's own: it is
 * accepted once, then a different one is refused, and the person's known_hosts is left alone.
 *
 * @param command goes to ssh as it is: words that start with a dash are ssh's own options, so that
 *   a port can be forwarded with `-L`, until the first that doesn't.
 */
export function sshArguments(target: SshTarget, command: readonly string[]): string[] {
  return [
    ...["-F", "/dev/null"],
    ...option("ConnectionAttempts=3"),
    ...option("ConnectTimeout=10"),
    ...option("ControlMaster=no"),
    ...option("ControlPath=none"),
    // Not "quiet": a refused key or host key must say so.
    ...option("LogLevel=ERROR"),
    ...option("PasswordAuthentication=no"),
    ...option("ServerAliveInterval=60"),
    ...option("StrictHostKeyChecking=accept-new"),
    ...option(`UserKnownHostsFile=${quotedPath(target.knownHostsPath)}`),
    ...option(`HostKeyAlias=${target.name}`),
    `${target.user}@${target.host}`,
    ...(target.keyPath === undefined
      ? []
      : // Not -i, which looks for a file of that name before it reads tokens in it.
        [...option("IdentitiesOnly=yes"), ...option(`IdentityFile=${quotedPath(target.keyPath)}`)]),
    ...["-p", String(target.port)],
    ...command,
  ];
}

function option(text: string): string[] {
  return ["-o", text];
}
