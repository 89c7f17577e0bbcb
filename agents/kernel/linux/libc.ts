import { dlopen, ptr, read } from "bun:ffi";
import { constants } from "node:os";
import { KernelError } from "../kernel-error.ts";

export { ptr };

// Functions of libc, since syscall numbers differ per architecture; those that syscall is called with don't. One missing name fails the whole
// dlopen, so nothing stands here that is newer than glibc 2.33 (mknod).
const signatures = {
  __errno_location: { args: [], returns: "ptr" },
  mount: { args: ["cstring", "cstring", "cstring", "u64", "ptr"], returns: "i32" },
  umount2: { args: ["cstring", "i32"], returns: "i32" },
  chroot: { args: ["cstring"], returns: "i32" },
  sethostname: { args: ["cstring", "u64"], returns: "i32" },
  mkfifo: { args: ["cstring", "u32"], returns: "i32" },
  mknod: { args: ["cstring", "u32", "u64"], returns: "i32" },
  syncfs: { args: ["i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "u64"], returns: "i32" },
  settimeofday: { args: ["ptr", "ptr"], returns: "i32" },
  adjtimex: { args: ["ptr"], returns: "i32" },
  swapon: { args: ["cstring", "i32"], returns: "i32" },
  swapoff: { args: ["cstring"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  getrlimit: { args: ["i32", "ptr"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  klogctl: { args: ["i32", "ptr", "i32"], returns: "i32" },
  syscall: { args: ["i64", "i64", "ptr", "i64", "ptr", "i64"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
} as const;

type Libc = ReturnType<typeof dlopen<typeof signatures>>["symbols"];
let opened: Libc | undefined;

/** libc, opened at the first call. */
export function libc(): Libc {
  opened ??= dlopen("libc.so.6", signatures).symbols;
  return opened;
}

/** A NUL-terminated copy of a string for a call. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

/**
 * Gives the result of a call of libc, or throws the KernelError that its -1 and errno mean. To be called
 * with the result directly, before anything else can change errno.
 */
export function checked(operation: string, path: string, result: number): number {
  if (result !== -1) {
    return result;
  }
  throw new KernelError(operation, path, errnoName(lastErrno()));
}

function lastErrno(): number {
  const location = libc().__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

let names: Map<number, string> | undefined;

function errnoName(errno: number): string {
  names ??= new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
  return names.get(errno) ?? `errno ${errno}`;
}
