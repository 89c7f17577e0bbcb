import * as fs from "node:fs";
import type { BlockDevice, BlockDevices, Locks } from "../block-devices.ts";
import { hasCode, KernelError } from "../kernel-error.ts";
import { attempt } from "./attempt.ts";
import { checked, libc, ptr } from "./libc.ts";

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
/** linux/fs.h, for machines of 64 bits. */
const BLKGETSIZE64 = 0x80081272;
const BLKRRPART = 0x125f;
/** linux/blkpg.h */
const BLKPG = 0x1269;
const BLKPG_RESIZE_PARTITION = 3;
/** linux/loop.h */
const LOOP_CHANGE_FD = 0x4c06;
/** sys/file.h: LOCK_EX | LOCK_NB */
const exclusiveWithoutWaiting = 2 | 4;

/** The real thing, by Linux's system calls. */
export const linuxBlockDevices: BlockDevices & Locks = {
  openBlockDevice(path, access) {
    const flags = { read: O_RDONLY, write: O_RDWR, exclusive: O_RDWR | O_EXCL }[access];
    const fd = attempt("open", path, () => fs.openSync(path, flags));
    try {
      return deviceOf(path, fd);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
  },
  changeLoopFile(device, path) {
    const [loop, file] = [device, path].map((name) =>
      attempt("open", name, () => fs.openSync(name, O_RDONLY)),
    ) as [number, number];
    try {
      checked("change the file of", device, libc().ioctl(loop, LOOP_CHANGE_FD, BigInt(file)));
    } finally {
      fs.closeSync(file);
      fs.closeSync(loop);
    }
  },
  tryLock(path) {
    const fd = attempt("lock", path, () => fs.openSync(path, O_RDWR | O_CREAT, 0o600));
    if (takeLock(path, fd)) {
      return { release: () => fs.closeSync(fd) };
    }
    fs.closeSync(fd);
    return undefined;
  },
};

function deviceOf(path: string, fd: number): BlockDevice {
  const stat = attempt("open", path, () => fs.fstatSync(fd));
  if (!stat.isBlockDevice() && !stat.isFile()) {
    throw new KernelError("open", path, "ENOTBLK");
  }
  return {
    path,
    get sizeBytes() {
      return stat.isFile() ? fs.fstatSync(fd).size : blockSize(path, fd);
    },
    read: (offsetBytes, lengthBytes) =>
      attempt("read", path, () => {
        const buffer = Buffer.alloc(lengthBytes);
        let filled = 0;
        while (filled < lengthBytes) {
          const rest = lengthBytes - filled;
          const got = fs.readSync(fd, buffer, filled, rest, offsetBytes + filled);
          if (got === 0) {
            break;
          }
          filled += got;
        }
        return buffer.subarray(0, filled);
      }),
    write: (offsetBytes, content) =>
      attempt("write", path, () => {
        let written = 0;
        while (written < content.length) {
          const rest = content.length - written;
          written += fs.writeSync(fd, content, written, rest, offsetBytes + written);
        }
      }),
    fsync: () => attempt("fsync", path, () => fs.fsyncSync(fd)),
    tryLock: () => takeLock(path, fd),
    rereadPartitions: () => {
      checked("read the partition table of", path, libc().ioctl(fd, BLKRRPART, null));
    },
    resizePartition: (number, startBytes, sizeBytes) => {
      // struct blkpg_partition: start, length, number, and two names that nobody reads.
      const partition = Buffer.alloc(152);
      partition.writeBigInt64LE(BigInt(startBytes), 0);
      partition.writeBigInt64LE(BigInt(sizeBytes), 8);
      partition.writeInt32LE(number, 16);
      // struct blkpg_ioctl_arg: operation, flags, length, and at 16 a pointer.
      const argument = Buffer.alloc(24);
      argument.writeInt32LE(BLKPG_RESIZE_PARTITION, 0);
      argument.writeInt32LE(partition.length, 8);
      argument.writeBigUInt64LE(BigInt(ptr(partition)), 16);
      const what = `the size of partition ${number} of`;
      checked(`set ${what}`, path, libc().ioctl(fd, BLKPG, ptr(argument)));
    },
    close: () => fs.closeSync(fd),
  };
}

function blockSize(path: string, fd: number): number {
  const size = new BigUint64Array(1);
  checked("get the size of", path, libc().ioctl(fd, BLKGETSIZE64, ptr(size)));
  return Number(size[0]);
}

function takeLock(path: string, fd: number): boolean {
  try {
    checked("lock", path, libc().flock(fd, exclusiveWithoutWaiting));
    return true;
  } catch (error) {
    if (hasCode(error, "EAGAIN", "EWOULDBLOCK")) {
      return false;
    }
    throw error;
  }
}
