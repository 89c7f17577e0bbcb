import { hostnamePattern } from "../../settings/options/names.ts";

/** The names that this host could have, by where they come from. */
export interface HostnameFacts {
  /** host= on the kernel command line, or host in boot2podman.toml. */
  option: string | undefined;
  /** Of the data disk. */
  stored: string | undefined;
  /** Of a NoCloud disk. */
  noCloud?: string | undefined;
  /** /etc/hostname of the image. */
  image: string | undefined;
}

/** The name that wins, where it comes from, and which were left out. */
export interface HostnamePlan {
  name: string;
  from: "host=" | "data disk" | "NoCloud disk" | "image" | "default";
  warnings: readonly string[];
}

/** What the clients of such machines call one that has no name yet. */
export const defaultHostname = "box";

/** The first of option, data disk, NoCloud disk and image that is a name wins, else "box". */
export function planHostname(facts: HostnameFacts): HostnamePlan {
  const sources = [
    { from: "host=", name: facts.option },
    { from: "data disk", name: facts.stored },
    { from: "NoCloud disk", name: facts.noCloud },
    { from: "image", name: facts.image },
  ] as const;
  const warnings: string[] = [];
  for (const { from, name } of sources) {
    const trimmed = name?.trim() ?? "";
    if (trimmed === "") {
      continue;
    }
    if (hostnamePattern.test(trimmed)) {
      return { name: trimmed, from, warnings };
    }
    warnings.push(`${JSON.stringify(trimmed)} (${from}) is not a host name`);
  }
  return { name: defaultHostname, from: "default", warnings };
}

/** /etc/hosts; sudo and others look the own name up. */
export function hostsFile(name: string): string {
  return `127.0.0.1\tlocalhost ${name}\n::1\tlocalhost ip6-localhost\n`;
}
