import { mebibyte } from "../../../units/bytes.ts";
import {
  data,
  disk,
  empty,
  ext4,
  foreign,
  magic,
  partition,
  partitioned,
  zeros,
} from "../made-disks.testing.ts";
import type { Case } from "./case.testing.ts";

const isAskedFor = true;
const boot = partition("sda1", foreign("vfat"));
const usr = partition("sda2", foreign("squashfs"), { readOnly: true, inUse: "mounted at /usr" });
const last = { startBytes: 706 * mebibyte, isAskedFor } as const;
const neverMounted = ext4("boot2podman-data", { everMounted: false });

/** Our disk image: loaders, /usr, and a partition for data. */
const image = (content = empty, more: Parameters<typeof partition>[2] = {}) =>
  partitioned("sda", [boot, usr, partition("sda4", content, { ...last, ...more })]);

export const partitionCases: Case[] = [
  {
    name: "an empty partition that is asked for becomes the data disk, also while /usr beside it is mounted",
    disks: [image()],
    row: "partition-format",
    formats: "sda",
    mounts: "sda 4",
  },
  {
    name: "a partition that is asked for, with a filesystem that a power cut left half made, is made again",
    disks: [image(neverMounted)],
    row: "partition-format",
    formats: "sda",
    mounts: "sda 4",
  },
  {
    name: "a partition that is asked for, with a filesystem that was mounted, is used; only the magic goes",
    disks: [image(data)],
    row: "labelled-resume",
    formats: "sda",
    mounts: "sda 4",
  },
  {
    name: "a partition that is asked for, beside a disk with the label: that disk is used",
    disks: [image(), disk("sdb", { content: data })],
    row: "labelled",
    mounts: "sdb 0",
    notes: { sda: "not-needed" },
  },
  {
    name: "a partition that is asked for, beside a disk with the magic: that disk is set up",
    disks: [image(), disk("sdb", { magic: magic() })],
    row: "magic-format",
    formats: "sdb",
    mounts: "sdb 1",
    notes: { sda: "not-needed" },
  },
  {
    name: "a partition that is asked for, beside a blank disk: the partition is set up",
    disks: [image(), disk("sdb", { content: zeros })],
    row: "partition-format",
    formats: "sda",
    mounts: "sda 4",
    notes: { sdb: "not-needed" },
  },
  {
    name: "partitions that are asked for on two disks: none is set up",
    disks: [image(), { ...image(), name: "sdb" }],
    row: "magic-several",
    notes: { sda: "magic-several", sdb: "magic-several" },
  },
  {
    name: "a partition that is asked for, and format=never",
    disks: [image()],
    options: { format: "never" },
    row: undefined,
    notes: { sda: "magic-forbidden" },
  },
  {
    name: "a partition that is asked for and mounted",
    disks: [image(empty, { inUse: "mounted at /mnt/x" })],
    row: undefined,
    notes: { sda: "in-use" },
  },
  {
    name: "a partition that is asked for, on a read-only disk",
    disks: [{ ...image(), readOnly: true }],
    row: undefined,
    notes: { sda: "magic-read-only" },
  },
  {
    name: "a partition that is asked for and has no room",
    disks: [image(empty, { sizeBytes: mebibyte })],
    row: undefined,
    notes: { sda: "magic-small" },
  },
  {
    name: "a partition that is asked for, on a disk that can't be read as a whole",
    disks: [
      partitioned("sda", [
        partition("sda1", { is: "unreadable", why: "EIO" }),
        partition("sda4", empty, last),
      ]),
    ],
    row: undefined,
    notes: { sda: "unreadable" },
  },
  {
    name: "an empty partition that nobody asks for stays empty",
    disks: [partitioned("sda", [boot, partition("sda4", empty)])],
    row: undefined,
    notes: { sda: "foreign" },
  },
];
