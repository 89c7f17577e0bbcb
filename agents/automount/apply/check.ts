import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";

const checkTimeoutMs = 600_000;

export interface Checked {
  sound: boolean;
  /** What e2fsck did or found, in a line. */
  message: string;
}

/**
 * Checks an ext4 filesystem that isn't mounted; it repairs what is safe to repair. Returns at once when the
 * filesystem is clean. Never throws for what it finds: what can't be repaired leads to a read-only mount.
 *
 * e2fsck(8): status 0 no errors, 1 errors corrected, 2 corrected and a reboot wanted (of a mounted root); from 4
 * on errors are left or the check didn't work.
 */
export async function checkFilesystem(kernel: Kernel, node: string): Promise<Checked> {
  loadExt4(kernel);
  try {
    const result = await kernel.run(["e2fsck", "-p", node], { timeoutMs: checkTimeoutMs });
    const said = `${result.stdout}\n${result.stderr}`
      .trim()
      .split("\n")
      .filter((line) => line !== "");
    if (result.exitCode === 0) return { sound: true, message: "clean" };
    if (result.exitCode < 4) return { sound: true, message: `repaired: ${said[0] ?? ""}` };
    const found = said.find((line) => line.includes("INCONSISTENCY")) ?? said.at(-1) ?? "";
    return { sound: false, message: `e2fsck -p ${node} ended with ${result.exitCode}: ${found}` };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { sound: false, message: `not checked: ${error.message}` };
  }
}

/** The mount would ask for the module by itself, but only after the check: loaded meanwhile it costs no time. */
function loadExt4(kernel: Kernel): void {
  if (kernel.exists("/sys/fs/ext4")) return;
  // When it doesn't work, the mount says so.
  void kernel.run(["modprobe", "-q", "ext4"]).catch(() => undefined);
}
