import { mebibyte } from "../../../units/bytes.ts";
import {
  data,
  disk,
  empty,
  ext4,
  foreign,
  magic,
  ourTable,
  partition,
  partitioned,
  table,
  zeros,
} from "../made-disks.testing.ts";
import type { Case } from "./case.testing.ts";

const archive = { state: "complete", lengthBytes: 4608, members: 3 } as const;

export const magicCases: Case[] = [
  {
    name: "the magic on an otherwise empty disk formats it",
    disks: [disk("sda", { magic: magic(empty, archive) })],
    row: "magic-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "the magic on a disk with 4096-byte sectors formats it",
    disks: [disk("sda", { magic: magic(), sectorBytes: 4096 })],
    row: "magic-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "the magic and a half-made filesystem of ours: the set-up starts again (accident 14)",
    disks: [
      disk("sda", { magic: magic(ext4("boot2podman-data", { everMounted: false }), archive) }),
    ],
    row: "magic-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "the magic and our table with nothing behind it: the set-up starts again (accident 14)",
    disks: [
      disk("sda", { magic: magic(), content: ourTable, partitions: [partition("sda1", empty)] }),
    ],
    row: "magic-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "the magic, our table and the labelled filesystem: the set-up is finished without formatting",
    disks: [
      disk("sda", {
        magic: magic(data, archive),
        content: ourTable,
        partitions: [partition("sda1", data)],
      }),
    ],
    row: "labelled-resume",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "the magic on several disks formats none",
    disks: [disk("sda", { magic: magic() }), disk("sdb", { magic: magic() })],
    row: "magic-several",
    notes: { sda: "magic-several", sdb: "magic-several" },
  },
  {
    name: "the magic on several disks formats the one that is named",
    disks: [disk("sda", { magic: magic() }), disk("sdb", { magic: magic() })],
    options: { disk: { by: "name", value: "sdb" } },
    row: "magic-format",
    formats: "sdb",
    mounts: "sdb 1",
    notes: { sda: "not-named" },
  },
  {
    name: "the magic before a foreign table is refused",
    disks: [{ ...partitioned("sda", [partition("sda1", empty)]), magic: magic() }],
    row: undefined,
    notes: { sda: "magic-table" },
  },
  {
    name: "the magic before an empty table is refused",
    disks: [disk("sda", { magic: magic(), content: table("dos") })],
    row: undefined,
    notes: { sda: "magic-table" },
  },
  {
    name: "the magic before our table and a foreign filesystem is refused",
    disks: [
      disk("sda", {
        magic: magic(foreign("xfs")),
        content: ourTable,
        partitions: [partition("sda1", foreign("xfs"))],
      }),
    ],
    row: undefined,
    notes: { sda: "magic-filesystem" },
  },
  {
    name: "the magic before a signature of the whole disk is refused",
    disks: [disk("sda", { magic: magic(), content: foreign("md RAID") })],
    row: undefined,
    notes: { sda: "magic-filesystem" },
  },
  {
    name: "the magic over a disk whose table is gone but whose filesystem is there is refused",
    disks: [disk("sda", { magic: magic(ext4("", {})) })],
    row: undefined,
    notes: { sda: "magic-filesystem" },
  },
  {
    name: "the magic over a data filesystem that has been in use is refused",
    disks: [disk("sda", { magic: magic(data) })],
    row: undefined,
    notes: { sda: "magic-used-filesystem" },
  },
  {
    name: "the magic on a read-only disk is refused",
    disks: [disk("sda", { magic: magic(), readOnly: true })],
    row: undefined,
    notes: { sda: "magic-read-only" },
  },
  {
    name: "the magic on a disk of 63 MiB is refused",
    disks: [disk("sda", { magic: magic(), sizeBytes: 63 * mebibyte })],
    row: undefined,
    notes: { sda: "magic-small" },
  },
  {
    name: "the magic on a disk of 64 MiB formats it",
    disks: [disk("sda", { magic: magic(), sizeBytes: 64 * mebibyte })],
    row: "magic-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "the magic is refused where the options forbid formatting",
    disks: [disk("sda", { magic: magic() })],
    options: { format: "never" },
    row: undefined,
    notes: { sda: "magic-forbidden" },
  },
  {
    name: "the magic on a disk that can't be read is refused (accident 4)",
    disks: [disk("sda", { magic: magic(), content: { is: "unreadable", why: "EIO" } })],
    row: undefined,
    notes: { sda: "unreadable" },
  },
  {
    name: "the magic is refused when the probe behind it ends in an error (accident 4)",
    disks: [disk("sda", { magic: magic({ is: "unreadable", why: "blkid ended with status 4" }) })],
    row: undefined,
    notes: { sda: "unreadable" },
  },
  {
    name: "the magic on a disk in use is refused",
    disks: [disk("sda", { magic: magic(), inUse: "held by dm-0" })],
    row: undefined,
    notes: { sda: "in-use" },
  },
  {
    name: "a refused magic keeps a blank disk from being formatted",
    disks: [disk("sda", { magic: magic(foreign("xfs")) }), disk("sdb", { content: zeros })],
    options: { format: "blank" },
    row: undefined,
    notes: { sda: "magic-filesystem", sdb: "undecided" },
  },
];
