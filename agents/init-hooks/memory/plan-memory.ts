import { stateFolder } from "../../kernel/state-folder.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import { mebibyte } from "../../units/bytes.ts";

/** What a plan for swap and limits hangs on. */
export interface MemoryFacts {
  options: Pick<BootOptions, "noswap" | "nozswap" | "swapFile" | "zramSize">;
  /** The kernel's MemAvailable when all that belongs to the system runs. */
  availableBytes: number;
  /** Whether something is swapped to already: an agent before us did all this. */
  hasSwap: boolean;
  /** Whether what lasts lies on a disk. */
  hasDataDisk: boolean;
}

/** Swap and limits of memory. */
export interface MemoryPlan {
  /** Size of the swap that is kept compressed in RAM; 0: none. */
  zramBytes: number;
  swapFile:
    | { path: string /** Undefined: it is there. */; sizeBytes: number | undefined }
    | undefined;
  /** What was used within so many milliseconds stays in memory; when that isn't possible somebody has to go. */
  workingSetMs: number;
  /** What all containers of root together may take; undefined: as much as they like. */
  containersBytes: number | undefined;
  warnings: readonly string[];
}

const smallestZramBytes = 8 * mebibyte;
/** Of a small machine more than a quarter, since a quarter is less than one podman takes. */
const usefulZramBytes = 64 * mebibyte;
/** Below it a podman alone uses nearly all there is within a second: it shall be slow rather than killed. */
const smallBytes = 128 * mebibyte;
/** On a small machine all memory is needed for the containers, and what is left of it changes much. */
const smallestLimitedBytes = 256 * mebibyte;
/** Where a swap file lies of which only a size was given. */
export const swapFilePath = `${stateFolder}/swapfile`;

/**
 * A quarter of the free memory, at least 64 MiB as far as there are, becomes swap that is compressed in RAM. An eighth stays out of reach of root's
 * containers: they are then ended when they want more, before the whole machine has no memory left and stands
 * still while it looks for some.
 */
export function planMemory(facts: MemoryFacts): MemoryPlan {
  const { options, availableBytes, hasSwap } = facts;
  const useful = Math.min(usefulZramBytes, availableBytes);
  const asked = options.zramSize === undefined ? undefined : sizeOf(options.zramSize);
  const zramBytes = asked ?? Math.floor(Math.max(availableBytes / 4, useful) / mebibyte) * mebibyte;
  const wantsZram = !options.nozswap && !hasSwap && zramBytes >= smallestZramBytes;
  const isLimited = availableBytes >= smallestLimitedBytes;
  const { swapFile, warning } = planSwapFile(facts);
  return {
    zramBytes: wantsZram ? zramBytes : 0,
    swapFile,
    workingSetMs: availableBytes < smallBytes ? 100 : 1_000,
    containersBytes: isLimited
      ? Math.floor((availableBytes * 7) / 8 / mebibyte) * mebibyte
      : undefined,
    warnings: warning === undefined ? [] : [warning],
  };
}

function planSwapFile({ options, hasSwap, hasDataDisk }: MemoryFacts): {
  swapFile: MemoryPlan["swapFile"];
  warning?: string;
} {
  const value = options.swapFile;
  if (value === undefined || hasSwap) {
    return { swapFile: undefined };
  }
  if (options.noswap) {
    return { swapFile: undefined, warning: `swapfile=${value} is ignored because of noswap` };
  }
  if (value.startsWith("/")) {
    return { swapFile: { path: value, sizeBytes: undefined } };
  }
  if (!hasDataDisk) {
    return { swapFile: undefined, warning: `swapfile=${value} needs a data disk` };
  }
  return { swapFile: { path: swapFilePath, sizeBytes: sizeOf(value) } };
}

/** "2G", "512M"; a bare number is mebibytes. */
function sizeOf(value: string): number {
  const isGibibytes = value.endsWith("G");
  return Number.parseInt(value, 10) * mebibyte * (isGibibytes ? 1024 : 1);
}
