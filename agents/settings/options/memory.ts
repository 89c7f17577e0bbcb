import { flag, text } from "./option-forms.ts";
import { anywhere } from "./sources.ts";

/** Swap, on disks and compressed in RAM. */
export const memoryOptions = [
  flag({ name: "noswap", help: "no swap on disks", sources: anywhere, sets: "noswap" }),
  flag({
    name: "nozswap",
    help: "no compressed swap in RAM",
    sources: anywhere,
    sets: "nozswap",
  }),
  text({
    name: "boot2podman.zram",
    value: "SIZE",
    help: "the size of the compressed swap in RAM, default a quarter of the free memory",
    sources: anywhere,
    sets: "zramSize",
    default: undefined,
    matches: /^[1-9]\d{0,6}[MG]?$/,
    expected: "a size such as 512M or 2G",
  }),
  text({
    name: "swapfile",
    value: "SIZE|PATH",
    help: "a swap file on the data disk: its size (512M, 2G) or its path",
    sources: anywhere,
    sets: "swapFile",
    default: undefined,
    matches: /^(?:\d{1,7}[MG]?|\/[^\s,]{1,200})$/,
    expected: "a size such as 512M or 2G, or a path",
  }),
];
