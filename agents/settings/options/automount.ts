import { defaultsOf, inGroup, type OptionsOf, option } from "./option.ts";
import { choice, onOff } from "./option-forms.ts";
import { beforeDisks } from "./sources.ts";

const formatPolicies = ["never", "magic", "vm", "blank"] as const;
/**
 * Which blank or marked disks may be formatted:
 * "never": none; "magic": one that starts with the magic; "vm": also a strictly blank one, in a virtual
 * machine, where a disk of zeros is one that nobody has used; "blank": also a strictly blank one, anywhere.
 */
export type FormatPolicy = (typeof formatPolicies)[number];

/** Names one disk or filesystem. */
export type Selector = { readonly by: "name" | "uuid" | "label"; readonly value: string };

/** The one disk or filesystem that may be used; "nothing" is what is made of a name that isn't understood. */
export type DiskSelector = Selector | { readonly by: "nothing" };

const hookPolicies = ["labelled", "always", "never"] as const;
/** Of which data disks scripts run by themselves: "labelled": of those that have the label, by which they were meant. */
export type HookPolicy = (typeof hookPolicies)[number];

/** How long to wait for a disk that comes late, and for which. */
interface Wait {
  readonly timeoutMs: number;
  readonly for: Selector | undefined;
}

const maxWaitSeconds = 600;

/**
 * Which disk may be used and which formatted. A value that can't be understood never allows more than a right one
 * would: it formats none, uses none.
 */
export const automountOptions = inGroup("automount", [
  option<"wait", Wait | undefined>({
    name: "waitusb",
    value: "SECONDS[:LABEL=x|:UUID=x]",
    help: "how long to wait for a data disk that comes late, and for which filesystem",
    sources: beforeDisks,
    sets: "wait",
    default: undefined,
    parse(value) {
      const [, seconds, rest] = /^(\d{1,4})(?::((?:LABEL|UUID)=.+))?$/.exec(value) ?? [];
      if (seconds === undefined) {
        return { expected: "SECONDS, SECONDS:LABEL=x or SECONDS:UUID=x" };
      }
      const timeoutMs = Math.min(Number(seconds), maxWaitSeconds) * 1000;
      return {
        value: { timeoutMs, for: rest === undefined ? undefined : parseSelector(rest) },
      };
    },
  }),
  onOff({
    name: "boot2podman.automount",
    help: "off: no data disk is used",
    sources: beforeDisks,
    sets: "enabled",
    default: true,
    refused: false,
  }),
  option<"disk", DiskSelector | undefined>({
    name: "boot2podman.disk",
    value: "NAME|UUID=x|LABEL=x",
    help: "the one disk (sda) or filesystem (sda1, UUID=…, LABEL=…) that may be used",
    sources: beforeDisks,
    sets: "disk",
    default: undefined,
    parse(given) {
      const value = parseSelector(given);
      return value === undefined
        ? { expected: "sda, /dev/sda1, UUID=x or LABEL=x", instead: { by: "nothing" } }
        : { value };
    },
  }),
  choice({
    name: "boot2podman.format",
    help: "which disks may be formatted: with the magic, also blank ones in a VM (default), or anywhere",
    sources: beforeDisks,
    sets: "format",
    choices: formatPolicies,
    default: "vm",
    refused: "never",
  }),
  choice({
    name: "boot2podman.hooks",
    help: "which data disks may run hooks, profile, crontabs and freeze.sh: those with the label (default), any, or none",
    sources: beforeDisks,
    sets: "hooks",
    choices: hookPolicies,
    default: "labelled",
    refused: "never",
  }),
]);

/** Which disk may be used and which formatted, as all sources together say. */
export type AutomountOptions = OptionsOf<(typeof automountOptions)[number]>;
/** The same when nobody says anything. */
export const defaultAutomountOptions: AutomountOptions = defaultsOf(automountOptions);

/** Whether no disk may be looked at: as was asked for, or since it isn't clear which one may. */
export function isOff({ enabled, disk }: Pick<AutomountOptions, "enabled" | "disk">): boolean {
  return !enabled || disk?.by === "nothing";
}

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
