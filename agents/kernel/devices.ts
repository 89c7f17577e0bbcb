/** A character device that a driver answers by. */
export interface Device {
  /** ioctl(2) with a buffer that the driver reads and changes. Throws a KernelError with the errno name. */
  ioctl(request: number, argument: Uint8Array): void;
  /** Where the buffer lies in this process's memory, for arguments that point to others. */
  addressOf(buffer: Uint8Array): bigint;
  /** Writes all of it. */
  write(content: Uint8Array): void;
  /** Waits until exactly so many bytes have come; only for drivers that always answer. */
  read(lengthBytes: number): Uint8Array;
  close(): void;
}

/** Character devices. */
export interface Devices {
  /** Opens a character device for reading and writing. */
  openDevice(path: string): Device;
}
