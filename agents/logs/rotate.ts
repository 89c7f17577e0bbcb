import type { Kernel } from "../kernel/kernel.ts";
import { mebibyte } from "../units/bytes.ts";

/** The most that a log in RAM holds; as much again lies in the one before it. */
export const ramLogBytes = 256 * 1024;
/** The same on the data disk. */
export const diskLogBytes = mebibyte;

/**
 * Keeps a log below `limitBytes`: what it holds becomes NAME.1 in place of an older one, and it starts anew in the
 * same file, since a program may have it open for appending. Says whether it did. Links are left alone.
 */
export function rotate(kernel: Kernel, path: string, limitBytes: number): boolean {
  const found = kernel.lstat(path);
  if (found?.kind !== "file" || found.sizeBytes <= limitBytes) {
    return false;
  }
  // What a program wrote without measure since the last look: its end tells more than its start.
  const end = readPart(kernel, path, Math.max(0, found.sizeBytes - limitBytes), limitBytes);
  kernel.writeAtomic(`${path}.1`, end, { mode: 0o600 });
  kernel.empty(path);
  return true;
}

/** At most so many bytes of a log from `start` on. */
export function readPart(
  kernel: Kernel,
  path: string,
  start: number,
  maxBytes: number,
): Uint8Array {
  const reader = kernel.openReader(path);
  try {
    return reader?.read(maxBytes, start) ?? new Uint8Array();
  } finally {
    reader?.close();
  }
}
