import type { Lock } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { serviceStateFolder } from "../../services/service-state.ts";

/** Services that init starts at once, and that wait at their gate until the boot lets them go. */
export const gateNames = ["sshd", "console", "watch", "acpid"] as const;
/** Services that wait until the boot lets them start. */
export type GateName = (typeof gateNames)[number];

const folder = "/run/boot2podman/gate";

/**
 * Fifos at which /usr/lib/boot2podman/service waits by reading. The boot holds them open. A service whose fifo
 * is gone when its read ends may start; when the boot dies the read ends too, but the fifo is still there.
 */
export interface Gates {
  open(name: GateName): void;
}

/**
 * Makes the gates that aren't there, in the system whose root is `root` ("" for this one). Services wait at them
 * from then on, so that it has to be done before PID 1 starts one.
 */
export function layGates(kernel: Kernel, root: string): void {
  kernel.mkdir(`${root}${folder}`, { mode: 0o700 });
  // Here, so that no service needs a process of its own for making it.
  for (const path of [serviceStateFolder, "/run/sshd"]) {
    kernel.mkdir(`${root}${path}`);
  }
  for (const name of gateNames) {
    const path = `${root}${folder}/${name}`;
    if (!kernel.exists(path)) {
      kernel.mkfifo(path, { mode: 0o600 });
    }
  }
}

/** Read by usr/lib/boot2podman/service, whose looks at it are three times as far apart. */
const alivePath = "/run/boot2podman/boot.alive";
const aliveEveryMs = 30_000;

/**
 * Holds all gates shut for as long as this process lives, and says while services wait that it does more than live:
 * how long the boot waits is its own decision then.
 */
export function holdGates(kernel: Kernel): Gates {
  const held = new Map<GateName, Lock>();
  for (const name of gateNames) {
    held.set(name, kernel.holdFifo(`${folder}/${name}`));
  }
  const alive = setInterval(() => {
    // The gate of the resident agent stays shut.
    if (held.size <= 1) {
      clearInterval(alive);
      return;
    }
    kernel.writePlain(alivePath, `${Math.round(kernel.uptimeMs())}\n`);
  }, aliveEveryMs);
  alive.unref();
  return {
    open(name) {
      const gate = held.get(name);
      if (gate === undefined) {
        return;
      }
      held.delete(name);
      kernel.unlink(`${folder}/${name}`);
      gate.release();
    },
  };
}
