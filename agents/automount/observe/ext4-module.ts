import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";

/** There once the module is loaded to its end. */
const sign = "/sys/fs/ext4";

/** For a module that somebody else is loading: it comes with a uevent. */
const quietMs = 30_000;

/**
 * Brings the module of ext4 in, before the first mount needs it: a mount would ask for it by itself, but while another
 * modprobe is at work on the same modules, the kernel's own finds them busy, and the mount fails with ENODEV.
 */
export async function loadExt4(kernel: Kernel): Promise<void> {
  const isThere = () => (kernel.exists(sign) ? true : undefined);
  if (isThere()) {
    return;
  }
  try {
    await kernel.run(["modprobe", "-q", "ext4"]);
    await kernel.waitForDevice(isThere, { what: "the module ext4", timeoutMs: { quietMs } });
  } catch (error) {
    // The mount says what is missing, and a kernel may have it built in without showing it.
    if (!hasCode(error, "ETIMEDOUT") && !hasCode(error, "ENOENT")) {
      throw error;
    }
  }
}

/** Does what mounts an ext4 filesystem; once more where the module was not there yet. */
export async function withExt4<T>(kernel: Kernel, mount: () => T): Promise<T> {
  try {
    return mount();
  } catch (error) {
    if (!hasCode(error, "ENODEV")) {
      throw error;
    }
    await loadExt4(kernel);
    return mount();
  }
}
