/**
 * Which blank or marked disks may be formatted:
 * "never": none; "magic": one that starts with the magic; "vm": also a strictly blank one, in a virtual
 * machine, where a disk of zeros is one that nobody has used; "blank": also a strictly blank one, anywhere.
 */
export type FormatPolicy = "never" | "magic" | "vm" | "blank";
const formatPolicies: readonly FormatPolicy[] = ["never", "magic", "vm", "blank"];

/** Names one disk or filesystem. */
export type Selector = { by: "name" | "uuid" | "label"; value: string };

export interface AutomountOptions {
  enabled: boolean;
  format: FormatPolicy;
  /** Only what it names may be used or formatted. */
  disk: Selector | undefined;
  /** How long to wait for a disk that comes late, and for which. */
  wait: { timeoutMs: number; for: Selector | undefined } | undefined;
}

export const defaultAutomountOptions: AutomountOptions = {
  enabled: true,
  format: "vm",
  disk: undefined,
  wait: undefined,
};

const maxWaitSeconds = 600;

/** A word of the kernel command line: NAME=VALUE. */
export interface AutomountWord {
  name: string;
  value: string;
  help: string;
  /**
   * Changes the options; gives what was expected instead when the value can't be understood. It then never
   * allows more than a right value would.
   */
  read(options: AutomountOptions, value: string): string | undefined;
}

export const automountWords: readonly AutomountWord[] = [
  {
    name: "waitusb",
    value: "SECONDS[:LABEL=x|:UUID=x]",
    help: "how long to wait for a data disk that comes late, and for which filesystem",
    read(options, value) {
      const [, seconds, rest] = /^(\d{1,4})(?::((?:LABEL|UUID)=.+))?$/.exec(value) ?? [];
      if (seconds === undefined) {
        return "SECONDS, SECONDS:LABEL=x or SECONDS:UUID=x";
      }
      const timeoutMs = Math.min(Number(seconds), maxWaitSeconds) * 1000;
      options.wait = { timeoutMs, for: rest === undefined ? undefined : parseSelector(rest) };
      return undefined;
    },
  },
  {
    name: "boot2podman.automount",
    value: "on|off",
    help: "off: no data disk is looked for",
    read(options, value) {
      options.enabled = value === "on";
      return value === "on" || value === "off" ? undefined : "on or off";
    },
  },
  {
    name: "boot2podman.disk",
    value: "NAME|UUID=x|LABEL=x",
    help: "the one disk (sda) or filesystem (sda1, UUID=…, LABEL=…) that may be used",
    read(options, value) {
      options.disk = parseSelector(value);
      if (options.disk !== undefined) {
        return undefined;
      }
      options.enabled = false;
      return "sda, /dev/sda1, UUID=x or LABEL=x";
    },
  },
  {
    name: "boot2podman.format",
    value: formatPolicies.join("|"),
    help: "which disks may be formatted: with the magic, also blank ones in a VM (default), or anywhere",
    read(options, value) {
      const policy = formatPolicies.find((known) => known === value);
      options.format = policy ?? "never";
      return policy === undefined ? `one of ${formatPolicies.join(", ")}` : undefined;
    },
  },
];

function parseSelector(value: string): Selector | undefined {
  const named = /^(?:\/dev\/)?([a-z0-9!_-]+)$/i.exec(value)?.[1];
  if (named !== undefined) {
    return { by: "name", value: named };
  }
  const [, kind, text] = /^(UUID|LABEL)=([\x21-\x7e]+)$/.exec(value) ?? [];
  if (text === undefined) {
    return undefined;
  }
  return kind === "UUID" ? { by: "uuid", value: text.toLowerCase() } : { by: "label", value: text };
}
