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
    ...option(`UserKnownHostsFile=${quoted(target.knownHostsPath)}`),
    ...option(`HostKeyAlias=${target.name}`),
    `${target.user}@${target.host}`,
    ...(target.keyPath === undefined
      ? []
      : [...option("IdentitiesOnly=yes"), "-i", withoutTokens(target.keyPath)]),
    ...["-p", String(target.port)],
    ...command,
  ];
}

function option(text: string): string[] {
  return ["-o", text];
}

/** ssh expands %-tokens and ${VARIABLES} in the paths it is given (ssh_config(5), TOKENS). */
function withoutTokens(path: string): string {
  return path.replaceAll("%", "%%");
}

/** The value of a -o option is split at spaces unless it is quoted. */
function quoted(path: string): string {
  return `"${withoutTokens(path)}"`;
}
