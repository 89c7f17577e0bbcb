/**
 * A file of the kernel's, of the image's, or made in RAM by the system itself: nobody else decides what lies there.
 * Only such a one is read by name alone. What lies on a data disk, a share, a NoCloud disk or in somebody's home
 * folder may be a FIFO that nobody writes to, a device, a link to /proc/kmsg or a file of terabytes: a path there is
 * no SystemPath, so the compiler leaves `readNoFollow`, `openReader` and `listNoFollow` for it.
 *
 * A folder below these where something foreign gets mounted is declared as `string`.
 */
export type SystemPath =
  | `/${"proc" | "sys" | "dev" | "etc" | "usr" | "lib" | "run" | "var/log"}/${string}`
  | "/proc"
  | "/usr"
  | "/var/log";
