import type { Lock } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** Services that init starts at once, and that wait at their gate until the boot lets them go. */
export const gateNames = ["sshd", "console", "watch", "acpid"] as const;
export type GateName = (typeof gateNames)[number];

const folder = "/run/boot2podman/gate";

/**
 * Fifos at which /usr/lib/boot2podman/service waits by reading. The boot holds them open. A service whose fifo
 * is gone when its read ends may start; when the boot dies the read ends too, but the fifo is still there.
 */
export interface Gates {
  open(name: GateName): void;
}

/** Makes all gates, shut. To be called before PID 1 can start a service. */
export function makeGates(kernel: Kernel): Gates {
  kernel.mkdir(folder, { mode: 0o700 });
  const held = new Map<GateName, Lock>();
  for (const name of gateNames) {
    const path = `${folder}/${name}`;
    kernel.mkfifo(path, { mode: 0o600 });
    held.set(name, kernel.holdFifo(path));
  }
  return {
    open(name) {
      const gate = held.get(name);
      if (gate === undefined) return;
      held.delete(name);
      kernel.unlink(`${folder}/${name}`);
      gate.release();
    },
  };
}
