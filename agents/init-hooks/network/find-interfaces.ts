import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { Interface } from "./plan-network.ts";

/** Where the kernel lists network interfaces. */
export const networkClassFolder = "/sys/class/net";

/** What the kernel says of its network interfaces. */
export function findInterfaces(kernel: Kernel): Interface[] {
  return kernel.listIfPresent(networkClassFolder).map((name) => {
    const folder: SystemPath = `${networkClassFolder}/${name}`;
    const number = (file: string) => Number(kernel.readTextIfPresent(`${folder}/${file}`) ?? 0);
    return {
      name,
      index: number("ifindex"),
      type: number("type"),
      mac: kernel.readTextIfPresent(`${folder}/address`)?.trim().toLowerCase(),
      device: deviceOf(kernel, `${folder}/device`),
    };
  });
}

/** "down" is said of an interface that is on and has none; an interface that says nothing may have one. */
export function hasCable(kernel: Kernel, interfaceName: string): boolean {
  const path: SystemPath = `${networkClassFolder}/${interfaceName}/operstate`;
  return kernel.readTextIfPresent(path)?.trim() !== "down";
}

function deviceOf(kernel: Kernel, link: string): string | undefined {
  try {
    return kernel.realpath(link);
  } catch (error) {
    // There is none, or it went while we looked.
    if (hasCode(error, "ENOENT")) {
      return undefined;
    }
    throw error;
  }
}
