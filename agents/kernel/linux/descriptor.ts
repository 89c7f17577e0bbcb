import * as fs from "node:fs";

/** Calls `use` with an open descriptor, and closes it. */
export function withDescriptor<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** At most that many bytes, from `start` or from where the descriptor stands. Throws what node:fs throws. */
export function readFrom(fd: number, maxBytes: number, start?: number): Uint8Array {
  const buffer = Buffer.alloc(maxBytes);
  let filled = 0;
  while (filled < maxBytes) {
    const at = start === undefined ? null : start + filled;
    const got = fs.readSync(fd, buffer, filled, maxBytes - filled, at);
    if (got === 0) {
      break;
    }
    filled += got;
  }
  return buffer.subarray(0, filled);
}

/** A path that leads to what a descriptor has open (proc(5)). */
export function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}
