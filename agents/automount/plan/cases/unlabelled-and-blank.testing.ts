import { mebibyte } from "../../../units/bytes.ts";
import {
  disk,
  empty,
  ext4,
  foreign,
  partition,
  partitioned,
  zeros,
} from "../made-disks.testing.ts";
import type { Case } from "./case.testing.ts";

const system = ext4("", { holdsSystem: true });
const plain = ext4("", { holdsSystem: false });

export const unlabelledAndBlankCases: Case[] = [
  {
    name: "a single ext4 without a label is used as it is",
    disks: [partitioned("sda", [partition("sda1", plain)])],
    row: "unlabelled-single",
    mounts: "sda 1",
  },
  {
    name: "an operating system's root is not used",
    disks: [partitioned("sda", [partition("sda1", system)])],
    row: undefined,
    notes: { sda: "unlabelled-system" },
  },
  {
    name: "an ext4 without a label that could not be looked into is not used",
    disks: [partitioned("sda", [partition("sda1", ext4(""))])],
    row: undefined,
    notes: { sda: "unlabelled-system" },
  },
  {
    name: "an ext4 without a label beside another partition is not used",
    disks: [partitioned("sda", [partition("sda1", plain), partition("sda2", empty)])],
    row: undefined,
    notes: { sda: "unlabelled-not-alone" },
  },
  {
    name: "two ext4 without a label: none is used",
    disks: [disk("sda", { content: plain }), disk("sdb", { content: plain })],
    row: undefined,
    notes: { sda: "unlabelled-not-alone", sdb: "unlabelled-not-alone" },
  },
  {
    name: "an ext4 without a label is not used while another disk can't be read",
    disks: [
      disk("sda", { content: plain }),
      disk("sdb", { content: { is: "unreadable", why: "EIO" } }),
    ],
    row: undefined,
    notes: { sda: "unlabelled-not-alone", sdb: "unreadable" },
  },
  {
    name: "an ext4 without a label on a read-only disk is not used",
    disks: [disk("sda", { content: plain, readOnly: true })],
    row: undefined,
    notes: { sda: "unlabelled-read-only" },
  },
  {
    name: "a strictly blank disk is refused outside a virtual machine by default",
    disks: [disk("sda", { content: zeros })],
    elsewhereThanVm: true,
    row: undefined,
    notes: { sda: "blank-refused" },
  },
  {
    name: "a strictly blank disk is set up where the options ask for it",
    disks: [disk("sda", { content: zeros })],
    options: { format: "blank" },
    elsewhereThanVm: true,
    row: "blank-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "a strictly blank disk is set up in a virtual machine where the options allow that",
    disks: [disk("sda", { content: zeros })],
    options: { format: "vm" },
    row: "blank-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "a strictly blank disk is set up in a virtual machine by default",
    disks: [disk("sda", { content: zeros })],
    row: "blank-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "a blank disk that can be taken out is not set up by default, in a virtual machine either",
    disks: [disk("sda", { content: zeros, removable: true })],
    row: undefined,
    notes: { sda: "blank-removable" },
  },
  {
    name: "a blank disk that can be taken out is set up where the options ask for it",
    disks: [disk("sda", { content: zeros, removable: true })],
    options: { disk: { by: "name", value: "sda" } },
    row: "blank-format",
    formats: "sda",
    mounts: "sda 1",
  },
  {
    name: "a blank disk is not set up beside one that can't be read: that one may be the data disk (accident 4)",
    disks: [
      disk("sda", { content: { is: "unreadable", why: "EIO" } }),
      disk("sdb", { content: zeros }),
    ],
    row: undefined,
    notes: { sda: "unreadable", sdb: "undecided" },
  },
  {
    name: "a blank disk is set up beside disks of others, which are left alone",
    disks: [disk("sda", { content: foreign("xfs") }), disk("sdb", { content: zeros })],
    row: "blank-format",
    formats: "sdb",
    mounts: "sdb 1",
    notes: { sda: "not-needed" },
  },
  {
    name: "a strictly blank disk is refused where only marked ones may be set up",
    disks: [disk("sda", { content: zeros })],
    options: { format: "magic" },
    row: undefined,
    notes: { sda: "blank-refused" },
  },
  {
    name: "several strictly blank disks: none is set up (accident 4: the biggest was)",
    disks: [disk("sda", { content: zeros }), disk("sdb", { content: zeros, sizeBytes: 9e12 })],
    options: { format: "blank" },
    row: "blank-several",
    notes: { sda: "blank-several", sdb: "blank-several" },
  },
  {
    name: "a blank read-only disk is refused",
    disks: [disk("sda", { content: zeros, readOnly: true })],
    options: { format: "blank" },
    row: undefined,
    notes: { sda: "blank-read-only" },
  },
  {
    name: "a blank disk that is too small is refused",
    disks: [disk("sda", { content: zeros, sizeBytes: mebibyte })],
    options: { format: "blank" },
    row: undefined,
    notes: { sda: "blank-small" },
  },
  {
    name: "a disk without a signature that isn't zeros is refused even where blank ones are set up",
    disks: [disk("sda", { content: empty })],
    options: { format: "blank" },
    row: undefined,
    notes: { sda: "unknown-bytes" },
  },
];
