import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";
import type { SystemPath } from "../../kernel/system-path.ts";

/** conmon(8) keeps variables of Podman's environment that begin with LC_, and no others. */
const mark = "LC_BOOT2PODMAN_CHECK";
/** /proc/PID/stat counts so many in a second, on all architectures (USER_HZ). */
const ticksPerSecond = 100;
/** Past the timeout, so that Podman, which measures for itself, finds that it was exceeded. */
const graceMs = 500;
const lookAgainMs = 1_000;

let count = 0;

/**
 * Ends a check's processes when its timeout is over: this version of Podman only measures, and would wait for a check
 * that hangs. It then counts a failure. `env` is what `podman healthcheck run` must be started with; the time counts
 * from when the check itself has begun, since on a slow machine Podman needs long before.
 */
export function watchTimeout(
  kernel: Kernel,
  id: string,
  timeoutMs: number,
): { env: Readonly<Record<string, string>>; stop(): void } {
  count += 1;
  const value = `${id.slice(0, 12)}-${count}`;
  let timer: ReturnType<typeof setTimeout>;
  const look = (): void => {
    let leftMs = lookAgainMs;
    try {
      leftMs = endOverdue();
    } catch (error) {
      kernel.tellKernelLog(
        `the health check of ${id.slice(0, 12)} can't be ended: ${oneLine(error)}`,
      );
    }
    timer = setTimeout(look, Math.max(lookAgainMs, leftMs));
  };
  /** Gives how long the check still may take. */
  const endOverdue = (): number => {
    const processes = readProcesses(kernel);
    const monitor = processes.find(
      ({ pid, name }) => name === "conmon" && isMarked(kernel, pid, value),
    );
    const ageMs = monitor === undefined ? 0 : kernel.uptimeMs() - monitor.startedMs;
    const leftMs = timeoutMs + graceMs - ageMs;
    if (monitor !== undefined && leftMs <= 0) {
      for (const pid of descendantsOf(monitor.pid, processes)) {
        kernel.signal(pid, "SIGKILL");
      }
    }
    return monitor === undefined ? 0 : leftMs;
  };
  timer = setTimeout(look, timeoutMs + graceMs);
  return { env: { ...scrubbedEnvironment, [mark]: value }, stop: () => clearTimeout(timer) };
}

interface RunningProcess {
  pid: number;
  name: string;
  parent: number;
  startedMs: number;
}

/** proc_pid_stat(5): "PID (NAME) STATE PPID …", the start is field 22. */
function readProcesses(kernel: Kernel): RunningProcess[] {
  return kernel.listIfPresent("/proc").flatMap((entry) => {
    const text = /^\d+$/.test(entry) ? ofProcess(kernel, `/proc/${entry}/stat`) : "";
    const match = /^(\d+) \((.*)\) (.*)$/s.exec(text.trim());
    if (match === null) {
      return [];
    }
    const fields = (match[3] ?? "").split(" ");
    const startedMs = (Number(fields[19]) / ticksPerSecond) * 1000;
    return [{ pid: Number(entry), name: match[2] ?? "", parent: Number(fields[1]), startedMs }];
  });
}

function isMarked(kernel: Kernel, pid: number, value: string): boolean {
  return ofProcess(kernel, `/proc/${pid}/environ`).split("\0").includes(`${mark}=${value}`);
}

/** Empty when the process has ended, before or while it is read. */
function ofProcess(kernel: Kernel, path: SystemPath): string {
  try {
    return kernel.readTextIfPresent(path) ?? "";
  } catch (error) {
    if (hasCode(error, "ESRCH")) {
      return "";
    }
    throw error;
  }
}

function descendantsOf(pid: number, processes: readonly RunningProcess[]): number[] {
  const children = processes.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child.pid, ...descendantsOf(child.pid, processes)]);
}
