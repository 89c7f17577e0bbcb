import type { Kernel } from "../../kernel/kernel.ts";
import { type CloudConfig, readCloudConfig } from "./cloud-config.ts";
import type { NoCloudDisk } from "./find-nocloud.ts";

const mountPoint = "/run/boot2podman/cidata";
const maxFileBytes = 256 * 1024;

/** Reads a NoCloud disk's user-data and meta-data. Throws a KernelError when it can't be read. */
export function readNoCloud(kernel: Kernel, { node, type }: NoCloudDisk): CloudConfig {
  kernel.mkdir(mountPoint, { mode: 0o700 });
  kernel.mount({
    source: node,
    target: mountPoint,
    type,
    flags: ["ro", "nosuid", "nodev", "noexec"],
  });
  try {
    const [user, meta] = ["user-data", "meta-data"].map((name) => {
      const bytes = kernel.readNoFollow(`${mountPoint}/${name}`, maxFileBytes);
      return readCloudConfig(Buffer.from(bytes ?? []).toString("utf8"));
    });
    return {
      keys: [...(user?.keys ?? []), ...(meta?.keys ?? [])],
      hostname: user?.hostname ?? meta?.hostname,
    };
  } finally {
    kernel.unmount(mountPoint);
  }
}
