import { isIP } from "node:net";
import type { SshTarget } from "../ssh/client.ts";
import { quotedPath } from "../ssh/paths.ts";

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
 * then found by the port. ssh takes the first value that it finds, and this comes first in a person's
 * config: whatever that says for all hosts (`Host *`), what a machine needs is said here.
 *
 * @param clientVersion of this host's ssh, which refuses a whole config for one word that it doesn't know.
 */
export function includedSshConfig(target: SshTarget, clientVersion: number | undefined): string {
  const match = `Match host ${target.host} exec "test %p = ${target.port}"`;
  const all = [...settings(target), ...againstHostStar(target, clientVersion ?? 0)];
  // User and port are the caller's then.
  const keys = all.filter((line) => !/^(User|Port) /.test(line));
  return [
    `# Written by podman-machine at every start of "${target.name}".`,
    [`Host ${sshAlias(target.name)}`, ...all].join("\n  "),
    [match, ...keys].join("\n  "),
    "",
  ].join("\n");
}

/**
 * What else a person's config can say for all hosts that a machine isn't reached with. One that lies elsewhere is
 * left to that config: a proxy may be the way to it, and its address is the person's for other things too.
 */
function againstHostStar(target: SshTarget, clientVersion: number): string[] {
  const isHere = isIP(target.host) === 4 && target.host.startsWith("127.");
  if (!isHere) {
    return [];
  }
  const since = (version: number, lines: string[]) => (clientVersion >= version ? lines : []);
  return [
    // The way there: straight to that address. BindAddress goes before a BindInterface too.
    ...["ProxyCommand none", "ProxyJump none", "AddressFamily any", "BindAddress 0.0.0.0"],
    "CanonicalizeHostname no",
    // What is run there: what the caller says, with its input and output.
    ...["RemoteCommand none", "RequestTTY auto", "PermitLocalCommand no", "Tunnel no"],
    "ExitOnForwardFailure no",
    ...since(807, ["SessionType default", "StdinNull no", "ForkAfterAuthentication no"]),
    // The host key: the one in the machine's own file.
    ...["RevokedHostKeys none", "UpdateHostKeys no", "ServerAliveCountMax 3"],
    ...since(805, ["KnownHostsCommand none"]),
    ...(target.keyPath === undefined ? [] : ownKeyAlone),
  ];
}

/** The machine's own key, and no other that is tried, asked for, or unlocked before it. */
const ownKeyAlone = [
  ...["PubkeyAuthentication yes", "PreferredAuthentications publickey", "IdentityAgent none"],
  ...["AddKeysToAgent no", "PKCS11Provider none"],
];

function settings(target: SshTarget): string[] {
  return [
    `HostName ${target.host}`,
    `User ${target.user}`,
    `Port ${target.port}`,
    ...(target.keyPath === undefined
      ? []
      : [`IdentityFile ${quotedPath(target.keyPath)}`, "IdentitiesOnly yes"]),
    `UserKnownHostsFile ${quotedPath(target.knownHostsPath)}`,
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

/**
 * The line for ~/.ssh/config that makes ssh know all machines of a store. Its path is a pattern (glob(7)), and
 * later clients expand tokens and variables in it: what would mean something else is any one character.
 */
export function includeLine(store: string): string {
  const pattern = store.replaceAll(/[%$*?[\]{}~\\"'`]/g, "?");
  return `Include "${pattern}/machines/*/ssh_config"`;
}

/** A line that means nothing to other hosts: a comment, and another store's machines. */
const passedOver = /^\s*(#.*)?$|^Include ".*\/machines\/\*\/ssh_config"$/;

/**
 * A person's config with that line before everything that means something to ssh, where it counts for all hosts
 * and before them; the same when it's there.
 */
export function withInclude(config: string, store: string): string {
  const line = includeLine(store);
  const lines = config.split("\n");
  const first = lines.findIndex((other) => !passedOver.test(other));
  const place = lines.indexOf(line);
  if (place >= 0 && (first < 0 || place < first)) {
    return config;
  }
  return `${line}\n\n${lines.filter((other) => other.trim() !== line).join("\n")}`;
}
