import { basename, dirname } from "node:path";
import type { Kernel } from "../../kernel/kernel.ts";
import { fatLabel } from "../../provision/nocloud/fat-label.ts";

/** Of the partition with loaders and kernels on our disk image (image/disk/boot-partition.ts). */
const label = "B2P-BOOT";
/** Where tools that prepare disks put a config for Ignition. */
const configPath = ["ignition", "config.ign"] as const;
// A string: what is mounted here a person may have written (see SystemPath).
const mountPoint: string = "/run/boot2podman/boot-partition";

/**
 * The Ignition config on the boot partition: a FAT filesystem of that label on the very disk that /usr comes from, since
 * whoever may write there is root here anyhow. Undefined when there is none. Throws a KernelError.
 */
export async function readBootPartition(
  kernel: Kernel,
  maxBytes: number,
  loadFat: () => Promise<unknown>,
): Promise<Uint8Array | undefined> {
  const node = findBootPartition(kernel);
  if (node === undefined) {
    return undefined;
  }
  await loadFat();
  kernel.mkdir(mountPoint, { mode: 0o700 });
  const flags = ["ro", "nosuid", "nodev", "noexec"] as const;
  kernel.mount({ source: node, target: mountPoint, type: "vfat", flags });
  try {
    const [folder, file] = configPath;
    return kernel.lstat(`${mountPoint}/${folder}`) === undefined
      ? undefined
      : kernel.readNoFollow(`${mountPoint}/${folder}/${file}`, maxBytes);
  } finally {
    kernel.unmount(mountPoint);
  }
}

function findBootPartition(kernel: Kernel): string | undefined {
  const usr = kernel.mounts().findLast(({ target }) => target === "/usr")?.source ?? "";
  const entry = `/sys/class/block/${basename(usr)}` as const;
  if (!usr.startsWith("/dev/") || !kernel.exists(`${entry}/partition`)) {
    return undefined;
  }
  const disk = basename(dirname(kernel.realpath(entry)));
  return kernel
    .listIfPresent(`/sys/block/${disk}`)
    .filter((name) => kernel.exists(`/sys/block/${disk}/${name}/partition`))
    .map((name) => `/dev/${name}`)
    .find((node) => {
      const device = kernel.openBlockDevice(node, "read");
      try {
        return fatLabel((offset, length) => device.read(offset, length)) === label;
      } finally {
        device.close();
      }
    });
}
