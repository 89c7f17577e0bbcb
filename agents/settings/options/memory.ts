import type { BootOptionKind } from "../boot-option-table.ts";
import { anywhere } from "../sources.ts";
import { flag, text } from "./option-kinds.ts";

/** Swap, on disks and compressed in RAM. */
export const memoryOptions: readonly BootOptionKind[] = [
  flag("noswap", "no swap on disks", anywhere, (options, isOn) => {
    options.noswap = isOn;
  }),
  flag("nozswap", "no compressed swap in RAM", anywhere, (options, isOn) => {
    options.nozswap = isOn;
  }),
  text(
    "swapfile",
    "SIZE|PATH",
    "a swap file on the data disk: its size (512M, 2G) or its path",
    anywhere,
    {
      matches: /^(?:\d{1,7}[MG]?|\/[^\s,]{1,200})$/,
      expected: "a size such as 512M or 2G, or a path",
      set: (options, value) => {
        options.swapFile = value;
      },
    },
  ),
];
