import type { Kernel } from "../../kernel/kernel.ts";

/** Files and devices that are swapped to (/proc/swaps). */
export function swapAreas(kernel: Kernel): string[] {
  const [, ...lines] = (kernel.readTextIfPresent("/proc/swaps") ?? "").split("\n");
  return lines.flatMap((line) => {
    const path = line.split(/\s/)[0] ?? "";
    // A space in a name is written as \040.
    return path === "" ? [] : [path.replaceAll("\\040", " ")];
  });
}
