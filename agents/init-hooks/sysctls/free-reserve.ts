import { meminfoBytes } from "../../kernel/meminfo.ts";

/** Free pages that only the kernel itself may take (kernel: Documentation/admin-guide/sysctl/vm.rst). */
export const freeReserveKey = "vm.min_free_kbytes";

const kibibyte = 1024;
const leastKibibytes = 2048;

/**
 * How much the kernel should keep free, in KiB, by the size of memory: twice what it takes by itself,
 * 4·√(memory in KiB) (kernel: mm/page_alloc.c, calculate_min_free_kbytes), which is 8 MiB of 1 GiB. Huge pages raise
 * it to 44 MiB on every machine of up to 8 GiB or so, so that blocks of 2 MiB stay free: more than a twentieth of a
 * small one, for all of its life. Undefined where the kernel keeps no more than that.
 */
export function planFreeReserve(meminfo: string, presentKibibytes: number): number | undefined {
  const totalKibibytes = meminfoBytes(meminfo, "MemTotal") / kibibyte;
  const enough = Math.max(leastKibibytes, Math.ceil(8 * Math.sqrt(totalKibibytes)));
  return totalKibibytes > 0 && presentKibibytes > enough ? enough : undefined;
}
