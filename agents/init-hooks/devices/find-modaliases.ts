import type { Kernel } from "../../kernel/kernel.ts";

const busFolder = "/sys/bus";
/** Hundreds of devices that no module serves. */
const busesWithoutModules = new Set([
  "clockevents",
  "clocksource",
  "container",
  "event_source",
  "memory",
  "node",
  "workqueue",
]);
/** Devices that say what they need, but are on no bus. */
const others = ["/sys/class/input", "/sys/class/dmi", "/sys/devices/system"];

/**
 * What the devices that are here now say they need, each once. Looks at the buses, which are flat, instead of
 * walking the tree of devices. Folders in `seen` are left out and those read are added to it.
 */
export function findModaliases(kernel: Kernel, seen: Set<string>): string[] {
  const folders = [
    ...kernel
      .listIfPresent(busFolder)
      .filter((bus) => !busesWithoutModules.has(bus))
      .map((bus) => `${busFolder}/${bus}/devices`),
    ...others,
  ];
  const modaliases = new Set<string>();
  for (const folder of folders) {
    for (const device of kernel.listIfPresent(folder)) {
      const path = `${folder}/${device}/modalias`;
      if (seen.has(path)) continue;
      seen.add(path);
      if (!kernel.exists(path)) continue;
      const modalias = kernel.readTextIfPresent(path)?.trim() ?? "";
      if (modalias !== "") modaliases.add(modalias);
    }
  }
  return [...modaliases];
}
