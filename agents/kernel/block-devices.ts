/** An open disk, partition or image file. */
export interface BlockDevice {
  readonly path: string;
  /** Size as the kernel knows it (BLKGETSIZE64); of an image file its length. */
  readonly sizeBytes: number;
  /** Exactly `lengthBytes`, fewer only at the end of the device. Throws EIO where the disk can't read. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array;
  /** Writes all of `content`. */
  write(offsetBytes: number, content: Uint8Array): void;
  /** Returns when all written is on the disk. */
  fsync(): void;
  /**
   * Takes flock(LOCK_EX) on the node without waiting, which tells others to keep off while the disk is
   * partitioned or formatted (systemd: "Locking Block Device Access"). False when somebody else has it. Ends
   * with `close`.
   */
  tryLock(): boolean;
  /** Asks the kernel to read the partition table again (BLKRRPART). EBUSY when a partition is in use. */
  rereadPartitions(): void;
  /**
   * Tells the kernel another size of the partition with that number and start (BLKPG), also while it or another
   * one of the disk is in use. The table is not written.
   */
  resizePartition(number: number, startBytes: number, sizeBytes: number): void;
  close(): void;
}

/** Disks and partitions. */
export interface BlockDevices {
  /**
   * Opens a disk or partition; "write" also reads, and "exclusive" (O_EXCL) refuses with EBUSY a device that
   * is mounted or otherwise held. Throws a KernelError, also when the path is no block device.
   */
  openBlockDevice(path: string, access: "read" | "write" | "exclusive"): BlockDevice;
  /**
   * Puts another file of the same size behind a read-only loop device that is in use (LOOP_CHANGE_FD), and lets go of
   * the one before. Nobody looks whether both hold the same.
   */
  changeLoopFile(device: string, path: string): void;
}

/** A lock that is held until it is released or the process ends. */
export interface Lock {
  release(): void;
}

/** Locks between processes. */
export interface Locks {
  /** flock(LOCK_EX | LOCK_NB) on a file that is made when missing. Undefined when somebody else has it. */
  tryLock(path: string): Lock | undefined;
}
