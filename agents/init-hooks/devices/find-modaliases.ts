import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";

const busFolder = "/sys/bus";
/** Their devices, some by the hundred, don't say what they need. */
const busesWithoutModules = new Set([
  "clockevents",
  "clocksource",
  "container",
  "cpu",
  "edac",
  "event_source",
  "machinecheck",
  "memory",
  "memory_tiering",
  "node",
  "pci_express",
  "pnp",
  "serial-base",
  "workqueue",
]);
/** Devices that say what they need, but are on no bus; the last one is the CPU. */
const others: readonly SystemPath[] = ["/sys/class/input", "/sys/class/dmi", "/sys/devices/system"];

/**
 * What the devices that are here now say they need, each once. Looks at the buses, which are flat, instead of
 * walking the tree of devices. Devices in `seen` are left out and those taken are added to it; what `canWait`
 * is left for another time.
 */
export function findModaliases(
  kernel: Kernel,
  seen: Set<string>,
  canWait: (modalias: string) => boolean = () => false,
): string[] {
  const folders: SystemPath[] = [
    ...kernel
      .listIfPresent(busFolder)
      .filter((bus) => !busesWithoutModules.has(bus))
      .map((bus): SystemPath => `${busFolder}/${bus}/devices`),
    ...others,
  ];
  const modaliases = new Set<string>();
  for (const folder of folders) {
    for (const device of kernel.listIfPresent(folder)) {
      const path: SystemPath = `${folder}/${device}/modalias`;
      if (seen.has(path)) {
        continue;
      }
      const modalias = kernel.exists(path) ? (kernel.readTextIfPresent(path) ?? "").trim() : "";
      if (canWait(modalias)) {
        continue;
      }
      seen.add(path);
      if (modalias !== "") {
        modaliases.add(modalias);
      }
    }
  }
  return [...modaliases];
}
