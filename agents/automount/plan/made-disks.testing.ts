import { boot2podman } from "../../flavour/flavour.ts";
import {
  type AutomountOptions,
  defaultAutomountOptions,
} from "../../settings/options/automount.ts";
import { mebibyte } from "../../units/bytes.ts";
import type { Content, Ext4, TableEntry } from "../content/content.ts";
import type { Disk, Magic, Partition } from "../disk/disk.ts";
import type { Situation } from "./decide.ts";

/** Builders of disks for the tests of the plan: everything not said is that of an empty 20 GB disk. */

export const empty: Content = { is: "empty", zeros: false };
export const zeros: Content = { is: "empty", zeros: true };

export function foreign(...types: string[]): Content {
  return { is: "foreign", types, label: undefined };
}

export function ext4(label: string, more: Partial<Ext4> = {}): Content {
  const uuid = "11111111-2222-3333-4444-555555555555";
  const made = {
    uuid,
    sizeBytes: 1e9,
    blockBytes: 4096,
    everMounted: true,
    holdsSystem: undefined,
  };
  const clean = { lastMountedMs: 1_700_000_000_000, needsFullCheck: false };
  return { is: "ext4", ext4: { label, ...made, ...clean, ...more } };
}

export const data = ext4(boot2podman.label);

export function partition(
  name: string,
  content: Content,
  more: Partial<Partition> = {},
): Partition {
  const number = Number(/\d+$/.exec(name)?.[0] ?? 1);
  return {
    name,
    node: `/dev/${name}`,
    number,
    startBytes: number * mebibyte,
    sizeBytes: 1e9,
    readOnly: false,
    inUse: undefined,
    content,
    ...more,
  };
}

export function disk(name: string, more: Partial<Disk> = {}): Disk {
  return {
    name,
    node: `/dev/${name}`,
    kind: "disk",
    sizeBytes: 20 * 1024 * mebibyte,
    sectorBytes: 512,
    readOnly: false,
    removable: false,
    discards: false,
    inUse: undefined,
    content: empty,
    magic: undefined,
    partitions: [],
    ...more,
  };
}

export function table(type: "dos" | "gpt", ...entries: TableEntry[]): Content {
  return { is: "table", table: { type, entries, isWhole: true } };
}

/** The table that a set-up writes. */
export const ourTable = table("dos", {
  number: 1,
  startBytes: mebibyte,
  sizeBytes: (20 * 1024 - 1) * mebibyte,
  typeCode: "83",
});

/** A disk with a table that isn't ours and these partitions. */
export function partitioned(
  name: string,
  partitions: Partition[],
  type: "dos" | "gpt" = "dos",
): Disk {
  const entries = partitions.map(({ number, startBytes, sizeBytes }) => ({
    number,
    startBytes,
    sizeBytes,
    typeCode: "07",
  }));
  return disk(name, { content: table(type, ...entries), partitions });
}

export function magic(
  behind: Content = empty,
  archive: Magic["archive"] = { state: "none" },
): Magic {
  return { behind, archive };
}

export function situation(disks: Disk[], options: Partial<AutomountOptions> = {}): Situation {
  return {
    disks,
    options: { ...defaultAutomountOptions, ...options },
    flavour: boot2podman,
    inVirtualMachine: true,
  };
}
