import type { Kernel } from "../../kernel/kernel.ts";
import type { Interface } from "./plan-network.ts";

export const networkClassFolder = "/sys/class/net";

/** What the kernel says of its network interfaces. */
export function findInterfaces(kernel: Kernel): Interface[] {
  return kernel.listIfPresent(networkClassFolder).map((name) => ({
    name,
    type: Number(kernel.readTextIfPresent(`${networkClassFolder}/${name}/type`) ?? 0),
    hasDevice: kernel.exists(`${networkClassFolder}/${name}/device`),
  }));
}
