import { createHmac } from "node:crypto";
import { mkdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { readIfThere } from "../store/read-file.ts";
import { writeFileAtomic } from "../store/write-file.ts";

/** How known_hosts names a port of a host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/**
 * A known_hosts in which a host has these keys and no others. Ports of this host are handed from
 * one machine to the next, so what was known of the port is about a machine that is gone.
 *
 * @param keys as `type base64`; none: the host is forgotten.
 */
export function withHostKeys(text: string, hostName: string, keys: readonly string[]): string {
  const kept = text.split("\n").filter((line) => !isAbout(line, hostName));
  const body = kept.join("\n").replace(/\n*$/, "");
  const lines = keys.map((key) => `${hostName} ${key}`);
  return [...(body === "" ? [] : [body]), ...lines, ""].join("\n");
}

/** Lines about several hosts, and those with a marker such as @revoked, are somebody else's. */
function isAbout(line: string, hostName: string): boolean {
  const field = line.split(" ")[0] ?? "";
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(field);
  if (hashed?.[1] !== undefined) {
    const hmac = createHmac("sha1", Buffer.from(hashed[1], "base64"));
    return hmac.update(hostName).digest("base64") === hashed[2];
  }
  return field === hostName;
}

/** Does that to a file; it isn't touched when nothing changes. */
export async function updateKnownHosts(
  path: string,
  hostName: string,
  keys: readonly string[],
): Promise<void> {
  const real = await realpath(path).catch(() => path);
  const before = (await readIfThere(real)) ?? "";
  const after = withHostKeys(before, hostName, keys);
  if (before === after || (before === "" && keys.length === 0)) {
    return;
  }
  await mkdir(dirname(real), { recursive: true, mode: 0o700 });
  await writeFileAtomic(real, after, 0o600);
}

/** The keys that a machine's own known_hosts holds, as `type base64`. */
export async function hostKeysIn(path: string): Promise<string[]> {
  const text = (await readIfThere(path)) ?? "";
  return text
    .split("\n")
    .map((line) => line.split(" ").slice(1, 3).join(" "))
    .filter((key) => /^\S+ \S+$/.test(key));
}
