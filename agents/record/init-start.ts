import type { Kernel } from "../kernel/kernel.ts";

const path = "/run/boot2podman/init-started";

/**
 * Notes when the kernel handed over to /init, as its log tells: later that may be overwritten, and only root may
 * read it.
 */
export function noteInitStart(kernel: Kernel): void {
  const match = /^<\d+>\[ *(\d+\.\d+)\] Run \/init as init process$/m.exec(kernel.readKernelLog());
  if (match !== null) {
    kernel.writePlain(path, `${Math.round(Number(match[1]) * 1000)}\n`);
  }
}

/** Milliseconds since the kernel's start; undefined when it wasn't noted. */
export function initStartMs(kernel: Kernel): number | undefined {
  const text = kernel.readTextIfPresent(path)?.trim() ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
