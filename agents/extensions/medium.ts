import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { cdeFolder } from "./places.ts";

const mediumFolder = "/run/boot2podman/medium";
/** ISO 9660 (ECMA-119): the identifier of the first volume descriptor. */
const isoMagic = { offsetBytes: 0x8001, text: "CD001" };

/** Makes the folder cde of the medium that the machine was booted from reachable. Throws when no disk has one. */
export function mountMedium(kernel: Kernel): void {
  if (kernel.mounts().some(({ target }) => target === cdeFolder)) {
    return;
  }
  const tried: string[] = [];
  for (const name of kernel.list("/sys/class/block")) {
    const path = `/dev/${name}`;
    if (/^(loop|ram|zram)/.test(name) || !isIso(kernel, path)) {
      continue;
    }
    try {
      kernel.mkdir(mediumFolder);
      const flags = ["ro", "nosuid", "nodev"] as const;
      kernel.mount({ source: path, target: mediumFolder, type: "iso9660", flags });
      if (kernel.lstat(`${mediumFolder}/cde`)?.kind === "folder") {
        kernel.mkdir(cdeFolder);
        kernel.mount({ source: `${mediumFolder}/cde`, target: cdeFolder, flags: ["bind"] });
        return;
      }
      kernel.unmount(mediumFolder);
    } catch (error) {
      tried.push(`${name}: ${oneLine(error)}`);
    }
  }
  throw new Error(["cde: no ISO with a folder cde is there", ...tried].join("; "));
}

function isIso(kernel: Kernel, path: string): boolean {
  try {
    const device = kernel.openBlockDevice(path, "read");
    try {
      const { offsetBytes, text } = isoMagic;
      return new TextDecoder().decode(device.read(offsetBytes, text.length)) === text;
    } finally {
      device.close();
    }
  } catch {
    // An empty drive, or no disk.
    return false;
  }
}
