import type { QemuVersion } from "./version.ts";

/** By this name save-guest.ts finds it among QEMU's files; QEMU's own has the same. */
const fileName = "memory-backend-memfd\0";
const mfdCloexec = 1;

/**
 * Whether a QEMU writes memory of its own making into the guest's state, though other processes can read it: since 8.1
 * it leaves out only what it was given as a file (QEMU commit b0182e537e). Each fork would read all of it anew then, and
 * share nothing with the others.
 */
export function needsMemoryFile(version: QemuVersion | undefined): boolean {
  const { major, minor } = version ?? { major: 0, minor: 0 };
  return major > 8 || (major === 8 && minor >= 1);
}

/**
 * Makes a file that is nothing but memory, for a QEMU to inherit: it has no name, is in no filesystem that could be
 * full, and goes with the last process that has it. Undefined where there is no such file (libc is another than glibc).
 */
export async function makeMemoryFile(): Promise<number | undefined> {
  if (process.versions.bun === undefined) {
    return undefined;
  }
  const { dlopen, ptr } = await import("bun:ffi");
  try {
    const libc = dlopen("libc.so.6", { memfd_create: { args: ["ptr", "u32"], returns: "i32" } });
    const descriptor = libc.symbols.memfd_create(ptr(Buffer.from(fileName)), mfdCloexec);
    return descriptor < 0 ? undefined : descriptor;
  } catch {
    return undefined;
  }
}
