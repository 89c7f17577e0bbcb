/** One row of the published decision table (docs/data-disk.md). */
export interface Row {
  /** What is found on a disk, a partition or in the options. */
  found: string;
  /** What automount does with it. */
  done: string;
  /** What a person can do, as an order; empty where nothing is to be done. */
  advice: string;
}

/** Every case that automount tells apart, in the order in which it looks. */
export const rows = {
  off: {
    found: "automount is switched off (`boot2podman.automount=off`)",
    done: "no disk is looked at",
    advice: "Boot without that option to use a data disk.",
  },
  "not-a-disk": {
    found: "device mapper, loop, md, zram, RAM disk, network block device, floppy or optical drive",
    done: "never used, never written",
    advice: "Attach a disk for data.",
  },
  "boot-medium": {
    found: "the boot medium (an ISO 9660 volume of this system)",
    done: "never used, never written",
    advice: "Attach another disk for data.",
  },
  "not-named": {
    found: "a disk, while `boot2podman.disk` names another one",
    done: "not used, not written",
    advice: "Name this one to use it.",
  },
  "named-missing": {
    found: "`boot2podman.disk` names a disk or filesystem that isn't there",
    done: "no disk is used",
    advice: "Attach that disk, or boot without the option; `waitusb=N` waits for a slow one.",
  },
  "labelled-mounted": {
    found: "the labelled ext4 filesystem, mounted already or otherwise in use",
    done: "left as it is",
    advice: "",
  },
  labelled: {
    found:
      "one ext4 filesystem with the label, on a partition (DOS or GPT; `vda1`, `nvme0n1p1`, `mmcblk0p1`, …) or a whole disk, also a removable one, with sectors of 512 or 4096 bytes",
    done: "checked (`e2fsck -p`), mounted and used; never formatted",
    advice: "",
  },
  "labelled-read-only": {
    found: "the labelled ext4 filesystem on a read-only disk",
    done: "mounted read-only; containers and state are kept in RAM",
    advice: "Attach the disk writable to keep data.",
  },
  "labelled-several": {
    found: "several ext4 filesystems with the label",
    done: "none is mounted",
    advice: "Detach all but one, or name one with `boot2podman.disk=UUID=…`.",
  },
  "labelled-last-used": {
    found:
      "several ext4 filesystems with the label, of which one was used last on this machine (by its own record and mount time)",
    done: "that one is checked, mounted and used; the others are left alone",
    advice:
      "Detach the one that you don't need, or name the right one with `boot2podman.disk=UUID=…`.",
  },
  "labelled-other-type": {
    found: "the label on something that isn't ext4",
    done: "not used, not written",
    advice: "Remove that label, or move the data to an ext4 filesystem with it.",
  },
  "labelled-resume": {
    found:
      "the magic, our own partition table and the labelled filesystem: a set-up that was interrupted",
    done: "the set-up is finished: archive kept, magic cleared; nothing is formatted",
    advice: "",
  },
  unreadable: {
    found: "a disk or partition that can't be read, or a probe that ended in an error",
    done: "not used, not written: an error never counts as blank",
    advice: "Look at the disk with `dmesg` and `blkid -p`.",
  },
  "in-use": {
    found: "a disk that is mounted, swap, or held by another device",
    done: "not written",
    advice: "",
  },
  "magic-format": {
    found: "the magic on an otherwise empty disk",
    done: "one partition, one ext4 filesystem; the userdata archive is kept in it",
    advice: "",
  },
  "magic-several": {
    found: "the magic on several disks",
    done: "none is formatted",
    advice: "Detach all but one, or name one with `boot2podman.disk=…`.",
  },
  "magic-table": {
    found: "the magic with a partition table that isn't ours behind it",
    done: "refused, not written",
    advice: "Save what you need, then `wipefs -a` the disk and write the magic again.",
  },
  "magic-filesystem": {
    found: "the magic with a filesystem or another signature behind it",
    done: "refused, not written",
    advice: "Save what you need, then `wipefs -a` the disk and write the magic again.",
  },
  "magic-used-filesystem": {
    found:
      "the magic over a labelled data filesystem that has been in use, its partition table gone",
    done: "refused, not written",
    advice:
      "To get the data back, write the table again (one Linux partition from 1 MiB on, `fdisk -u`); to give it up, `wipefs -a` and write the magic again.",
  },
  "magic-read-only": {
    found: "the magic on a read-only disk",
    done: "not written",
    advice: "Attach the disk writable.",
  },
  "magic-small": {
    found: "the magic on a disk below the minimum size (64 MiB)",
    done: "not written",
    advice: "Attach a larger disk.",
  },
  "magic-forbidden": {
    found: "the magic, while `boot2podman.format=never`",
    done: "not written",
    advice: "Boot without that option to set the disk up.",
  },
  "partition-format": {
    found:
      "the magic in the sector in front of an empty partition, outside all partitions (so in our disk image), and no magic at the start of a disk",
    done: "the partition, if it is the last one, grows to the end of the disk; one ext4 filesystem in it",
    advice: "",
  },
  "unlabelled-single": {
    found:
      "no label and no magic anywhere, and one single ext4 filesystem without a label, alone on its disk, that isn't an operating system's root",
    done: "checked, mounted and used as it is, without a new label; its hooks don't run unless `boot2podman.hooks=always`",
    advice: "",
  },
  "unlabelled-system": {
    found: "an ext4 filesystem without a label that is an operating system's root",
    done: "not used, not written",
    advice: "Attach another disk for data.",
  },
  "unlabelled-not-alone": {
    found: "an ext4 filesystem without a label beside other partitions or filesystems",
    done: "not used, not written",
    advice: "Label the one to use with `e2label`.",
  },
  "unlabelled-read-only": {
    found: "an ext4 filesystem without a label on a read-only disk",
    done: "not used",
    advice: "Attach the disk writable.",
  },
  "blank-format": {
    found:
      "a strictly blank disk (no signature by two probes; zeros at the start, the end and in samples) in a virtual machine, or anywhere with `boot2podman.format=blank`",
    done: "one partition, one ext4 filesystem",
    advice: "",
  },
  "blank-refused": {
    found:
      "a strictly blank disk outside a virtual machine, or while `boot2podman.format` is `magic` or `never`",
    done: "not written",
    advice: "Write the magic to its start, or boot with `boot2podman.format=blank`.",
  },
  "blank-removable": {
    found: "a strictly blank disk that can be taken out of its drive",
    done: "not written",
    advice:
      "Write the magic to its start, or boot with `boot2podman.format=blank` or `boot2podman.disk=…`.",
  },
  "blank-several": {
    found: "several strictly blank disks",
    done: "none is formatted",
    advice: "Name one with `boot2podman.disk=…`.",
  },
  "blank-read-only": {
    found: "a strictly blank disk that is read-only",
    done: "not written",
    advice: "Attach the disk writable.",
  },
  "blank-small": {
    found: "a strictly blank disk below the minimum size (64 MiB)",
    done: "not written",
    advice: "Attach a larger disk.",
  },
  "unknown-bytes": {
    found: "a disk without any known signature that isn't zeros throughout",
    done: "not used, not written",
    advice: "If nothing on it is needed, write the magic to its start.",
  },
  "table-only": {
    found: "a partition table without a usable filesystem",
    done: "not used, not written",
    advice: "To use a partition, make an ext4 filesystem with the label on it.",
  },
  foreign: {
    found:
      "any other signature: LUKS, LVM, md, ZFS, BitLocker, swap, btrfs, xfs, NTFS, FAT, ISO 9660, an ext4 with another label, …",
    done: "not used, not written",
    advice: "To use the disk, save what you need, `wipefs -a` it and write the magic to its start.",
  },
  undecided: {
    found: "a disk that could be set up, while the case of another one is not settled",
    done: "not written",
    advice: "",
  },
  "not-needed": {
    found: "any disk, while another one is used",
    done: "not used, not written",
    advice: "",
  },
} as const satisfies Record<string, Row>;

/** The case of the decision table, as docs/data-disk.md names it. */
export type RowId = keyof typeof rows;

/** The table as it stands in docs/data-disk.md. */
export function decisionTable(): string {
  const lines = Object.entries(rows).map(
    ([id, row]) => `| \`${id}\` | ${row.found} | ${row.done} | ${row.advice} |`,
  );
  return ["| case | found | done | what you can do |", "|---|---|---|---|", ...lines].join("\n");
}
