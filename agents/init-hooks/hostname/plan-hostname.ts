import { hostnamePattern } from "../boot-option-table.ts";

export interface HostnameFacts {
  /** host= on the kernel command line. */
  option: string | undefined;
  /** Of the data disk. */
  stored: string | undefined;
  /** /etc/hostname of the image. */
  image: string | undefined;
}

export interface HostnamePlan {
  name: string;
  from: "boot option" | "data disk" | "image" | "default";
  complaints: readonly string[];
}

/** What the clients of such machines call one that has no name yet. */
export const defaultHostname = "box";

/** The first of option, data disk and image that is a name wins, else "box". */
export function planHostname(facts: HostnameFacts): HostnamePlan {
  const sources = [
    { from: "boot option", name: facts.option },
    { from: "data disk", name: facts.stored },
    { from: "image", name: facts.image },
  ] as const;
  const complaints: string[] = [];
  for (const { from, name } of sources) {
    const trimmed = name?.trim() ?? "";
    if (trimmed === "") continue;
    if (hostnamePattern.test(trimmed)) return { name: trimmed, from, complaints };
    complaints.push(`${JSON.stringify(trimmed)} (${from}) is no host name`);
  }
  return { name: defaultHostname, from: "default", complaints };
}

/** /etc/hosts; sudo and others look the own name up. */
export function hostsFile(name: string): string {
  return `127.0.0.1\tlocalhost ${name}\n::1\tlocalhost ip6-localhost\n`;
}
