import { version } from "../command/version.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { bootLogPath } from "./stages/recorder.ts";

/** The first lines of /boot.log: what has been booted, when, and with which words. Never throws. */
export function beginBootLog(kernel: Kernel, commandLine: string): void {
  try {
    const release = kernel.readTextIfPresent("/proc/sys/kernel/osrelease")?.trim() ?? "unknown";
    const date = new Date(kernel.nowMs()).toISOString().slice(0, 19);
    const head = `boot2podman ${version}, kernel ${release}, ${date} by the machine's clock`;
    kernel.append(bootLogPath, `${head}\ncommand line: ${commandLine.trim()}\n\n`);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    kernel.tellKernelLog(error.message);
  }
}
