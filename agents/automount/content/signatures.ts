/**
 * Signatures at fixed places, from the formats' own descriptions. Two-byte ones (HFS, NILFS2, Minix) are
 * left to the second probe, libblkid, which checks more than the bytes; an ext4 superblock could hold them
 * by chance. Either probe's word is enough to keep off a disk.
 */
interface Signature {
  type: string;
  /** From the start of the device, or from its end when negative. */
  offsets: readonly number[];
  bytes: Uint8Array;
  /** Where a label lies, from the start of the device. */
  label?: { offset: number; maxBytes: number };
}

const ascii = (text: string) => Buffer.from(text, "latin1");
const hex = (digits: string) => Buffer.from(digits, "hex");
const at = (type: string, offset: number, bytes: Uint8Array): Signature => ({
  type,
  offsets: [offset],
  bytes,
});

/** The swap signature is at the end of the first memory page, whatever the page's size was. */
const pageEnds = [4096, 8192, 16384, 32768, 65536].map((pageBytes) => pageBytes - 10);

/** What filesystems, volumes and tables start with, as our own probe knows it; libblkid is the second. */
export const signatures: readonly Signature[] = [
  at("LUKS", 0, ascii("LUKS\xba\xbe")),
  {
    type: "LUKS",
    offsets: [0x4000, 0x8000, 0x10000, 0x20000, 0x40000, 0x80000],
    bytes: ascii("SKUL\xba\xbe"),
  },
  { type: "LVM", offsets: [0, 512, 1024, 1536], bytes: ascii("LABELONE") },
  { type: "md RAID", offsets: [0, 4096], bytes: hex("fc4e2ba9") },
  { type: "BitLocker", offsets: [3], bytes: ascii("-FVE-FS-") },
  { type: "swap", offsets: pageEnds, bytes: ascii("SWAPSPACE2") },
  { type: "swap", offsets: pageEnds, bytes: ascii("SWAP-SPACE") },
  { type: "suspended system", offsets: pageEnds, bytes: ascii("S1SUSPEND") },
  { ...at("btrfs", 0x10040, ascii("_BHRfS_M")), label: { offset: 0x1012b, maxBytes: 256 } },
  { ...at("xfs", 0, ascii("XFSB")), label: { offset: 108, maxBytes: 12 } },
  at("NTFS", 3, ascii("NTFS    ")),
  at("exFAT", 3, ascii("EXFAT   ")),
  at("ReFS", 3, ascii("ReFS\0\0\0\0")),
  at("FAT", 54, ascii("FAT12   ")),
  at("FAT", 54, ascii("FAT16   ")),
  at("FAT", 54, ascii("FAT     ")),
  at("FAT", 82, ascii("FAT32   ")),
  { ...at("ISO 9660", 32769, ascii("CD001")), label: { offset: 32808, maxBytes: 32 } },
  { type: "UDF", offsets: [32769, 34817, 36865], bytes: ascii("BEA01") },
  { type: "UDF", offsets: [34817, 36865, 38913], bytes: ascii("NSR0") },
  at("squashfs", 0, ascii("hsqs")),
  at("squashfs", 0, ascii("sqsh")),
  at("erofs", 1024, hex("e2e1f5e0")),
  at("f2fs", 1024, hex("1020f5f2")),
  at("bcache", 4120, hex("c68573f64e1a45ca8265f57f48ba6d81")),
  at("bcachefs", 4120, hex("c68573f666ce90a9d96a60cf803df7ef")),
  at("JFS", 32768, ascii("JFS1")),
  { type: "ReiserFS", offsets: [65588, 8244], bytes: ascii("ReIsEr") },
  at("Reiser4", 65536, ascii("ReIsEr4")),
  at("APFS", 32, ascii("NXSB")),
  at("Apple partition map", 512, ascii("PM\0\0")),
  at("BSD disk label", 512, hex("57455682")),
  at("GFS2", 65536, hex("01161970")),
  at("OCFS2", 4096, ascii("OCFSV2")),
  at("VMFS", 0x100000, hex("0dd001c0")),
  at("Ceph BlueStore", 0, ascii("bluestore block device")),
  at("Stratis", 516, ascii("!Stra0tis")),
  at("VDO", 0, ascii("dmvdo001")),
  at("cramfs", 0, hex("453dcd28")),
  at("romfs", 0, ascii("-rom1fs-")),
  at("DRBD", -4036, hex("8374026b")),
  at("Intel RAID", -1024, ascii("Intel Raid ISM Cfg Sig. ")),
  at("DDF RAID", -512, hex("de11de11")),
  at("VMware or qcow image", 0, ascii("QFI\xfb")),
  at("VMDK image", 0, ascii("KDMV")),
  at("VHDX image", 0, ascii("vhdxfile")),
  at("gzip", 0, hex("1f8b08")),
  at("zstd", 0, hex("28b52ffd")),
  at("xz", 0, hex("fd377a585a00")),
];

/** md's superblock 0.90 is in the last 64 KiB-aligned 64 KiB, 1.0 in the last 4 KiB-aligned 8 KiB. */
export function mdOffsets(sizeBytes: number): number[] {
  return [
    Math.floor(sizeBytes / 65536) * 65536 - 65536,
    Math.floor((sizeBytes - 8192) / 4096) * 4096,
  ].filter((offset) => offset >= 0);
}

/** Magic of md's superblock (kernel: include/uapi/linux/raid/md_p.h). */
export const mdMagic = hex("fc4e2ba9");

/** ZFS: four labels of 256 KiB, two at the start and two at the end; each has a ring of uberblocks from 128 KiB on. */
export function zfsOffsets(sizeBytes: number): number[] {
  const labelBytes = 256 * 1024;
  const aligned = Math.floor(sizeBytes / labelBytes) * labelBytes;
  const labels = [0, labelBytes, aligned - 2 * labelBytes, aligned - labelBytes];
  return labels.filter((offset) => offset >= 0).map((offset) => offset + 128 * 1024);
}

/** Length of the ring of uberblocks in a ZFS label. */
export const zfsRingBytes = 128 * 1024;

/** Whether an uberblock (0x00bab10c in either byte order) starts at a multiple of 1 KiB in the ring. */
export function holdsUberblock(ring: Uint8Array): boolean {
  const view = new DataView(ring.buffer, ring.byteOffset, ring.byteLength);
  for (let offset = 0; offset + 8 <= ring.length; offset += 1024) {
    if (view.getUint32(offset, true) === 0x00bab10c && view.getUint32(offset + 4, true) === 0) {
      return true;
    }
    if (view.getUint32(offset + 4, false) === 0x00bab10c && view.getUint32(offset, false) === 0) {
      return true;
    }
  }
  return false;
}
