/**
 * Which blank or marked disks may be formatted:
 * "never": none; "magic": one that starts with the magic; "vm": also a strictly blank one, in a virtual
 * machine; "blank": also a strictly blank one, anywhere.
 */
export type FormatPolicy = "never" | "magic" | "vm" | "blank";
const formatPolicies: readonly FormatPolicy[] = ["never", "magic", "vm", "blank"];

/** Names one disk or filesystem. */
export type Selector = { by: "name" | "uuid" | "label"; value: string };

export interface Options {
  enabled: boolean;
  format: FormatPolicy;
  /** Only what it names may be used or formatted. */
  disk: Selector | undefined;
  /** waitusb=N[:LABEL=x|UUID=x] */
  wait: { timeoutMs: number; for: Selector | undefined } | undefined;
}

export const defaultOptions: Options = {
  enabled: true,
  format: "magic",
  disk: undefined,
  wait: undefined,
};

export interface ParsedOptions {
  options: Options;
  /** One line for each word that could not be understood; the safe reading was taken. */
  complaints: readonly string[];
}

const maxWaitSeconds = 600;

/**
 * Reads automount's words of the kernel command line: `boot2podman.automount=off`,
 * `boot2podman.format=never|magic|vm|blank`, `boot2podman.disk=sda|/dev/sda1|UUID=…|LABEL=…`,
 * `waitusb=N[:LABEL=x|UUID=x]`.
 *
 * A wrong value never allows more than a right one would: a format policy that isn't known is "never", a disk
 * that can't be read names none.
 */
export function parseOptions(commandLine: string): ParsedOptions {
  const options: Options = { ...defaultOptions };
  const complaints: string[] = [];
  const complain = (word: string, expected: string) =>
    complaints.push(`boot option "${word}" is not understood; expected ${expected}`);
  for (const word of commandLine.split(/\s+/)) {
    const equals = word.indexOf("=");
    const name = equals === -1 ? word : word.slice(0, equals);
    const value = equals === -1 ? "" : word.slice(equals + 1);
    if (name === "boot2podman.automount") {
      options.enabled = value === "on";
      if (value !== "on" && value !== "off") complain(word, "boot2podman.automount=on or off");
    } else if (name === "boot2podman.format") {
      const policy = formatPolicies.find((known) => known === value);
      options.format = policy ?? "never";
      if (policy === undefined) complain(word, `boot2podman.format=${formatPolicies.join("|")}`);
    } else if (name === "boot2podman.disk") {
      options.disk = parseSelector(value);
      if (options.disk !== undefined) continue;
      options.enabled = false;
      complain(word, "boot2podman.disk=sda, /dev/sda1, UUID=… or LABEL=…");
    } else if (name === "waitusb") {
      options.wait = parseWait(value);
      if (options.wait === undefined) complain(word, "waitusb=SECONDS[:LABEL=…|UUID=…]");
    }
  }
  return { options, complaints };
}

function parseSelector(value: string): Selector | undefined {
  const named = /^(?:\/dev\/)?([a-z0-9!_-]+)$/i.exec(value)?.[1];
  if (named !== undefined) return { by: "name", value: named };
  const [, kind, text] = /^(UUID|LABEL)=([\x21-\x7e]+)$/.exec(value) ?? [];
  if (text === undefined) return undefined;
  return kind === "UUID" ? { by: "uuid", value: text.toLowerCase() } : { by: "label", value: text };
}

function parseWait(value: string): Options["wait"] {
  const [, seconds, rest] = /^(\d{1,6})(?::(.+))?$/.exec(value) ?? [];
  if (seconds === undefined) return undefined;
  const target = rest === undefined ? undefined : parseSelector(rest);
  if (rest !== undefined && (target === undefined || target.by === "name")) return undefined;
  return { timeoutMs: Math.min(Number(seconds), maxWaitSeconds) * 1000, for: target };
}
