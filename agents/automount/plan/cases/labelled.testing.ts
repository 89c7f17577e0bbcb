import {
  data,
  disk,
  empty,
  ext4,
  foreign,
  magic,
  partition,
  partitioned,
} from "../made-disks.testing.ts";
import type { Case } from "./case.testing.ts";

const label = "boot2podman-data";
const other = ext4("boot2podman-data", { uuid: "other" });

export const labelledCases: Case[] = [
  {
    name: "one labelled ext4 on a DOS partition is used",
    disks: [partitioned("sda", [partition("sda1", data)])],
    row: "labelled",
    mounts: "sda 1",
  },
  {
    name: "one labelled ext4 on a GPT partition is used",
    disks: [partitioned("sda", [partition("sda1", empty), partition("sda2", data)], "gpt")],
    row: "labelled",
    mounts: "sda 2",
  },
  {
    name: "one labelled ext4 on a whole disk is used",
    disks: [disk("vdb", { content: data })],
    row: "labelled",
    mounts: "vdb 0",
  },
  ...["vda1", "nvme0n1p1", "mmcblk0p1", "nvme0n9p1"].map((name) => ({
    name: `the partition ${name} is used by its number, not its name (accident 7)`,
    disks: [partitioned(name.replace(/p?1$/, ""), [partition(name, data, { number: 1 })])],
    row: "labelled" as const,
    mounts: `${name.replace(/p?1$/, "")} 1`,
  })),
  {
    name: "a labelled ext4 on a removable disk is used",
    disks: [disk("sdb", { content: data, removable: true })],
    row: "labelled",
    mounts: "sdb 0",
  },
  {
    name: "a labelled ext4 on a disk with 4096-byte sectors is used",
    disks: [disk("sdb", { content: data, sectorBytes: 4096 })],
    row: "labelled",
    mounts: "sdb 0",
  },
  {
    name: "a labelled filesystem wins over a disk with the magic",
    disks: [disk("sda", { magic: magic() }), disk("sdb", { content: data })],
    row: "labelled",
    mounts: "sdb 0",
    notes: { sda: "not-needed" },
  },
  {
    name: "a labelled filesystem on a disk that starts with the magic is used, not formatted (accident 1)",
    disks: [{ ...partitioned("sda", [partition("sda1", data)]), magic: magic(foreign("xfs")) }],
    row: "labelled",
    mounts: "sda 1",
  },
  {
    name: "a labelled filesystem on a whole disk that starts with the magic is used, not formatted",
    disks: [disk("sda", { content: data, magic: magic() })],
    row: "labelled",
    mounts: "sda 0",
  },
  {
    name: "several labelled filesystems: none is mounted",
    disks: [disk("sda", { content: data }), disk("sdb", { content: other })],
    row: "labelled-several",
    notes: { sda: "labelled-several", sdb: "labelled-several" },
  },
  {
    name: "several labelled filesystems stop a disk with the magic from being formatted",
    disks: [
      disk("sda", { content: data }),
      disk("sdb", { content: other }),
      disk("sdc", { magic: magic() }),
    ],
    row: "labelled-several",
    notes: { sda: "labelled-several", sdb: "labelled-several", sdc: "undecided" },
  },
  {
    name: "of several labelled filesystems the one that this machine used last is used",
    disks: [
      disk("sda", { content: ext4(label, { uuid: "a", lastMachine: "elsewhere" }) }),
      disk("sdb", { content: ext4(label, { uuid: "b", lastMachine: "here" }) }),
    ],
    machine: "here",
    row: "labelled-last-used",
    mounts: "sdb 0",
    notes: { sda: "not-needed" },
  },
  {
    name: "of several that this machine used the one mounted last is used",
    disks: [
      disk("sda", {
        content: ext4(label, { uuid: "a", lastMachine: "here", lastMountedMs: 2e12 }),
      }),
      disk("sdb", {
        content: ext4(label, { uuid: "b", lastMachine: "here", lastMountedMs: 1e12 }),
      }),
    ],
    machine: "here",
    row: "labelled-last-used",
    mounts: "sda 0",
    notes: { sdb: "not-needed" },
  },
  {
    name: "copies with one UUID can't be told apart, whatever they say",
    disks: [
      disk("sda", {
        content: ext4(label, { uuid: "a", lastMachine: "here", lastMountedMs: 2e12 }),
      }),
      disk("sdb", { content: ext4(label, { uuid: "a", lastMachine: "elsewhere" }) }),
    ],
    machine: "here",
    row: "labelled-several",
    notes: { sda: "labelled-several", sdb: "labelled-several" },
  },
  {
    name: "several labelled filesystems of which none was used here: none is mounted",
    disks: [
      disk("sda", { content: ext4(label, { uuid: "a", lastMachine: "elsewhere" }) }),
      disk("sdb", { content: ext4(label, { uuid: "b" }) }),
    ],
    machine: "here",
    row: "labelled-several",
    notes: { sda: "labelled-several", sdb: "labelled-several" },
  },
  {
    name: "two copies of one filesystem, with one UUID, are several",
    disks: [disk("sda", { content: data }), disk("sdb", { content: data })],
    options: { disk: { by: "uuid", value: "11111111-2222-3333-4444-555555555555" } },
    row: "labelled-several",
    notes: { sda: "labelled-several", sdb: "labelled-several" },
  },
  {
    name: "of several labelled filesystems the one named by UUID is used",
    disks: [disk("sda", { content: data }), disk("sdb", { content: other })],
    options: { disk: { by: "uuid", value: "other" } },
    row: "labelled",
    mounts: "sdb 0",
    notes: { sda: "not-named" },
  },
  {
    name: "the label on btrfs is not used",
    disks: [
      disk("sda", { content: { is: "foreign", types: ["btrfs"], label: "boot2podman-data" } }),
    ],
    row: undefined,
    notes: { sda: "labelled-other-type" },
  },
  {
    name: "the label on ext3 is not used",
    disks: [
      partitioned("sda", [
        partition("sda1", { is: "foreign", types: ["ext3"], label: "boot2podman-data" }),
      ]),
    ],
    row: undefined,
    notes: { sda: "labelled-other-type" },
  },
  {
    name: "the labelled filesystem on a read-only disk is mounted read-only",
    disks: [disk("sda", { content: data, readOnly: true })],
    row: "labelled-read-only",
    mounts: "sda 0",
  },
  {
    name: "the labelled filesystem on a read-only partition is mounted read-only",
    disks: [partitioned("sda", [partition("sda1", data, { readOnly: true })])],
    row: "labelled-read-only",
    mounts: "sda 1",
  },
  {
    name: "the labelled filesystem that is mounted already is left",
    disks: [partitioned("sda", [partition("sda1", data, { inUse: "mounted at /mnt/sda1" })])],
    row: "labelled-mounted",
    notes: { sda: "labelled-mounted" },
  },
];
