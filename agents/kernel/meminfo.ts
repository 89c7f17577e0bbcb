/**
 * Returns the bytes of one field of /proc/meminfo ("MemAvailable"), 0 when it isn't there. What the kernel writes
 * as kB are KiB (Documentation/filesystems/proc.rst).
 */
export function meminfoBytes(meminfo: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(meminfo);
  return Number(match?.[1] ?? 0) * 1024;
}
