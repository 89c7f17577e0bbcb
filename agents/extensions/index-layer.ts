import type { Kernel } from "../kernel/kernel.ts";
import { kernelRelease } from "./inspect.ts";

/** modprobe's indexes; a module's lines stand in each image that has it. */
const indexes = [
  "modules.dep",
  "modules.alias",
  "modules.softdep",
  "modules.symbols",
  "modules.devname",
];
const longestIndexBytes = 16 * 1024 * 1024;

/**
 * Fills the topmost layer: Tiny Core's markers, and indexes of all kernel modules, the system's and those of
 * extensions.
 * @param layers roots of /usr that have modules, the system's own among them
 */
export function writeIndexLayer(
  kernel: Kernel,
  folder: string,
  names: readonly string[],
  layers: readonly string[],
): void {
  const markers = `${folder}/local/tce.installed`;
  kernel.mkdir(markers);
  for (const name of names) {
    kernel.writeNew(`${markers}/${name}`, "");
  }
  if (layers.length < 2) {
    return;
  }
  const home = `lib/modules/${kernelRelease(kernel)}`;
  kernel.mkdir(`${folder}/${home}`);
  for (const index of indexes) {
    const lines = new Set<string>();
    for (const layer of layers) {
      for (const line of readLines(kernel, layer, home, index)) {
        lines.add(line);
      }
    }
    kernel.writeNew(`${folder}/${home}/${index}`, [...lines, ""].join("\n"));
  }
}

function readLines(kernel: Kernel, layer: string, home: string, index: string): string[] {
  return kernel.withFolderBeneath(layer, home, (folder) => {
    const bytes = kernel.readNoFollow(`${folder}/${index}`, longestIndexBytes);
    const text = new TextDecoder().decode(bytes ?? new Uint8Array());
    return text.split("\n").filter((line) => line !== "");
  });
}
