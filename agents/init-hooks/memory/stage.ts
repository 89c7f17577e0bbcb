import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { meminfoBytes } from "../../kernel/meminfo.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import { findStateMount } from "../../kernel/state-folder.ts";
import { loadModules } from "../../modules/module-loader.ts";
import type { Stage } from "../../stage/stage.ts";
import { mebibyte } from "../../units/bytes.ts";
import { type MemoryPlan, planMemory } from "./plan-memory.ts";
import { swapAreas } from "./swap-areas.ts";
import { swapHeader } from "./swap-header.ts";

const zram = "/dev/zram0";
const zramPriority = 100;
const filePriority = 10;
/** Where podman puts root's containers (its cgroup parent with the cgroupfs manager). */
const containersGroup = "/sys/fs/cgroup/libpod_parent";
const fileTimeout = { quietMs: 60_000 };
/** Kernel: Documentation/admin-guide/mm/multigen_lru.rst, Thrashing prevention. */
const workingSetPath = "/sys/kernel/mm/lru_gen/min_ttl_ms";

/**
 * Swap, and who has to go when memory runs out: containers, and neither this agent nor sshd, which sees to
 * itself. Nothing waits for it: swap is for later.
 */
export const memoryStage: Stage = {
  name: "memory",
  needs: ["ready", "settings"],
  deadlineMs: 60_000,
  async run({ kernel, options, notes }) {
    const facts = {
      options,
      availableBytes: availableBytes(kernel),
      hasSwap: swapAreas(kernel).length > 0,
      hasDataDisk: findStateMount(kernel.mounts()) !== undefined,
    };
    const plan = planMemory(facts);
    notes.observed = { ...facts, options: undefined };
    notes.plan = plan;
    const told: string[] = [];
    const warnings = [...plan.warnings];
    const steps = stepsOf(kernel, plan);
    if (options.usr === "disk") {
      const work = async () => {
        const { moveUsr } = await import("./move-usr.ts");
        await moveUsr(kernel);
        const { containersBytes } = planMemory({
          ...facts,
          availableBytes: availableBytes(kernel),
        });
        if (containersBytes !== undefined) {
          steps.push({
            words: `containers at most ${mebibytes(containersBytes)} then`,
            isTold: true,
            work: () => limitContainers(kernel, containersBytes),
          });
        }
      };
      // Last, since it may take long.
      steps.push({ words: "/usr on the data disk", isTold: true, work });
    }
    // Each for itself: the rest is as good without it.
    for (const { words, isTold, work } of steps) {
      try {
        await work();
        notes.done.push(words);
        if (isTold) {
          told.push(words);
        }
      } catch (error) {
        warnings.push(`${words}: ${oneLine(error)}`);
      }
    }
    return { result: "ok", message: [...told, ...warnings].join("; ") };
  },
};

interface MemoryStep {
  words: string;
  /** Whether the stage's message has it when it went well. */
  isTold: boolean;
  work(): unknown;
}

function availableBytes(kernel: Kernel): number {
  return meminfoBytes(kernel.readText("/proc/meminfo"), "MemAvailable");
}

function stepsOf(
  kernel: Kernel,
  { zramBytes, swapFile, workingSetMs, containersBytes }: MemoryPlan,
) {
  const steps: MemoryStep[] = [
    { words: "spare the agent", isTold: false, work: () => kernel.protectFromOom() },
  ];
  if (kernel.exists(workingSetPath)) {
    const work = () => kernel.writePlain(workingSetPath, `${workingSetMs}`);
    steps.push({ words: "keep the working set", isTold: false, work });
  }
  if (zramBytes > 0) {
    const work = () => swapToRam(kernel, zramBytes);
    steps.push({ words: `zram of ${mebibytes(zramBytes)}`, isTold: true, work });
  }
  if (swapFile !== undefined) {
    const work = () => swapToFile(kernel, swapFile);
    steps.push({ words: `swap to ${swapFile.path}`, isTold: true, work });
  }
  if (containersBytes !== undefined) {
    const words = `containers at most ${mebibytes(containersBytes)}`;
    steps.push({ words, isTold: true, work: () => limitContainers(kernel, containersBytes) });
  }
  return steps;
}

async function swapToRam(kernel: Kernel, sizeBytes: number): Promise<void> {
  await loadModules(kernel, ["zram"]);
  kernel.writePlain("/sys/block/zram0/disksize", String(sizeBytes));
  const device = kernel.openBlockDevice(zram, "write");
  try {
    device.write(0, swapHeader(sizeBytes));
    device.fsync();
  } finally {
    device.close();
  }
  kernel.swapOn(zram, zramPriority);
  // Neighbours of a page cost as much to unpack as the page, and nobody asked for them.
  kernel.writePlain("/proc/sys/vm/page-cluster", "0");
}

async function swapToFile(
  kernel: Kernel,
  { path, sizeBytes }: NonNullable<MemoryPlan["swapFile"]>,
): Promise<void> {
  if (sizeBytes !== undefined && kernel.lstat(path)?.sizeBytes !== sizeBytes) {
    const run = (...argv: string[]) => runChecked(kernel, argv, { timeoutMs: fileTimeout });
    if (kernel.lstat(path) !== undefined) {
      kernel.unlink(path);
    }
    try {
      await run("fallocate", "-l", String(sizeBytes), path);
      kernel.chmod(path, 0o600);
      await run("mkswap", path);
    } catch (error) {
      // A part of it would only take room.
      if (kernel.lstat(path) !== undefined) {
        kernel.unlink(path);
      }
      throw error;
    }
  }
  kernel.swapOn(path, filePriority);
}

function limitContainers(kernel: Kernel, sizeBytes: number): void {
  kernel.mkdir(containersGroup);
  kernel.writePlain(`${containersGroup}/memory.max`, String(sizeBytes));
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`;
}
