import type { Files } from "./files.ts";

/** Counters that move while a machine works, however slowly it does. */
export interface Progress {
  /** Of all processors, in hundredths of a second (proc_stat(5)). */
  cpuTicks: number;
  /** Requests that disks have ended (kernel: Documentation/admin-guide/iostats.rst). */
  requests: number;
}

/** Less is the machine's own breathing: timers, and whoever looks on. */
const leastCpuShare = 0.1;
const msPerTick = 10;

/** Fields of /proc/stat's first line; stolen time too, in which we would have run, but not idle and iowait. */
const workFields = [1, 2, 3, 6, 7, 8];
/** Fields of /proc/diskstats: reads, writes, discards and flushes that have ended. */
const requestFields = [3, 7, 14, 18];

/** What has moved so far. Nothing where /proc says nothing. */
export function readProgress(files: Pick<Files, "readTextIfPresent">): Progress {
  const stat = files.readTextIfPresent("/proc/stat") ?? "";
  const disks = files.readTextIfPresent("/proc/diskstats") ?? "";
  const [cpu = ""] = stat.split("\n", 1);
  return {
    cpuTicks: sum(cpu, workFields),
    requests: disks.split("\n").reduce((total, line) => total + sum(line, requestFields), 0),
  };
}

/** Whether something was computed, read or written in the `elapsedMs` between. */
export function hasMoved(before: Progress, after: Progress, elapsedMs: number): boolean {
  const cpuMs = (after.cpuTicks - before.cpuTicks) * msPerTick;
  return after.requests > before.requests || (cpuMs > 0 && cpuMs >= elapsedMs * leastCpuShare);
}

function sum(line: string, fields: readonly number[]): number {
  const words = line.trim().split(/\s+/);
  return fields.reduce((total, field) => total + (Number(words[field]) || 0), 0);
}
