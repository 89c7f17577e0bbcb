import { gibibyte, tebibyte } from "../../units/bytes.ts";
import type { Layout } from "../disk/layout.ts";

/**
 * The command that makes the data filesystem inside a disk or partition (mke2fs(8)).
 *
 * -i: layers of container images are many small files; with the usual 16384 bytes for each inode, inodes run
 * out before space does. Very large disks hold larger files, and ext4 counts inodes in 32 bits.
 * -J: a journal of 64 MiB is written (to be zeros) in a moment and replayed in one; the default grows to 1 GiB.
 * -m: the reserve lets root, so logins and keys, still write when a user has filled the disk.
 * -O ^orphan_file: the kernel would read up to 2 MiB at each mount, block by block. That file is for machines whose many
 * processors delete files at the same time, and e2fsck before 1.47 refuses a filesystem that has it.
 * lazy_itable_init: the kernel clears the inode tables in the background. The journal is cleared at once: an old
 * one could be replayed after a power cut.
 */
export function mke2fsCommand(
  node: string,
  layout: Omit<Layout, "table">,
  label: string,
): string[] {
  const blockBytes = 4096;
  const journal = layout.sizeBytes >= 4 * gibibyte ? ["-J", "size=64"] : [];
  return [
    "mke2fs",
    ...["-q", "-F", "-t", "ext4", "-O", "^orphan_file", "-b", String(blockBytes)],
    ...["-i", String(bytesPerInode(layout.sizeBytes)), "-m", "1", ...journal, "-L", label],
    ...["-E", `offset=${layout.startBytes},lazy_itable_init=1,lazy_journal_init=0`],
    node,
    String(layout.sizeBytes / blockBytes),
  ];
}

function bytesPerInode(sizeBytes: number): number {
  if (sizeBytes <= tebibyte) {
    return 8192;
  }
  return sizeBytes <= 16 * tebibyte ? 16384 : 65536;
}
