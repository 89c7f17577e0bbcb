import type { Kernel } from "../kernel/kernel.ts";

/** Some images have no Podman; there an extension may bring it. */
const program = "/usr/bin/podman";

/** Whether Podman is there now. */
export function hasPodman(kernel: Kernel): boolean {
  return kernel.exists(program);
}
