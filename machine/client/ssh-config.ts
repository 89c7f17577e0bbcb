import type { SshTarget } from "../ssh/client.ts";

/** The name under which ssh knows a machine once its config is included. */
export function sshAlias(name: string): string {
  return `${name}.podman-machine`;
}

/**
 * What ssh(1), and all that runs it (scp, sftp, rsync, git, docker), has to know of a machine.
 *
 * @param aliases the names that mean it.
 */
export function sshConfigText(target: SshTarget, aliases: readonly string[]): string {
  return `${[`Host ${aliases.join(" ")}`, ...settings(target)].join("\n  ")}\n`;
}

/**
 * The same, and for whoever is told the address and the port alone, as by DOCKER_HOST: the key is
 * then found by the port.
 */
export function includedSshConfig(target: SshTarget): string {
  const match = `Match host ${target.host} exec "test %p = ${target.port}"`;
  const keys = settings(target).filter((line) => !/^(HostName|User|Port) /.test(line));
  return [
    `# Written by podman-machine at every start of "${target.name}".`,
    sshConfigText(target, [sshAlias(target.name)]).trimEnd(),
    [match, ...keys].join("\n  "),
    "",
  ].join("\n");
}

function settings(target: SshTarget): string[] {
  return [
    `HostName ${target.host}`,
    `User ${target.user}`,
    `Port ${target.port}`,
    ...(target.keyPath === undefined
      ? []
      : [`IdentityFile ${quoted(target.keyPath)}`, "IdentitiesOnly yes"]),
    `UserKnownHostsFile ${quoted(target.knownHostsPath)}`,
    `HostKeyAlias ${target.name}`,
    "StrictHostKeyChecking accept-new",
    "PasswordAuthentication no",
    "ControlMaster no",
    "ControlPath none",
    "ConnectTimeout 10",
    "ServerAliveInterval 60",
    "LogLevel ERROR",
  ];
}

/** ssh expands %-tokens in paths (ssh_config(5), TOKENS), and splits at spaces. */
function quoted(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

/** The line for ~/.ssh/config that makes ssh know all machines of a store. */
export function includeLine(store: string): string {
  return `Include "${store}/machines/*/ssh_config"`;
}

/** A person's config with that line first, where it counts for all hosts; the same when it's there. */
export function withInclude(config: string, store: string): string {
  const line = includeLine(store);
  return config.split("\n").includes(line) ? config : `${line}\n\n${config}`;
}
