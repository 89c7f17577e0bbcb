import * as z from "zod";
import type { SystemProcess } from "../../host-system/contract.ts";
import { hostSystem } from "../../host-system/host-system.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import { readIfThere } from "../../store/read-file.ts";

const record = z.object({
  pid: z.int().positive(),
  startTime: z.string(),
  accelerator: z.enum(["kvm", "hvf", "tcg"]),
  imageId: z.string(),
  imageVersion: z.string(),
  /** What another QEMU has to have alike to go on with the guest; none: it can't be saved. */
  hardware: z.record(z.string(), z.string()).optional(),
});

/** What the launch wrote down of the process that it started. */
export type ProcessRecord = z.infer<typeof record>;

/** Looks a process up; undefined when there is none, or it has ended and is only not reaped yet. */
export function readProcess(pid: number): Promise<SystemProcess | undefined> {
  return hostSystem.readProcess(pid);
}

/**
 * Whether a process is the one that runs this machine: it was told this machine's pid file, and it
 * started when the record says. A pid that another process got since is not believed.
 */
export function isMachineProcess(
  found: SystemProcess | undefined,
  pid: number,
  pidFile: string,
  written: ProcessRecord | undefined,
): boolean {
  if (found === undefined || !runsWith(found, pidFile)) {
    return false;
  }
  return written === undefined || written.pid !== pid || written.startTime === found.startTime;
}

function runsWith(found: SystemProcess, pidFile: string): boolean {
  return found.commandLine.includes(`-pidfile ${pidFile}`);
}

/** The pid of the QEMU that runs this machine; undefined when none does. */
export async function machinePid(files: MachineFiles): Promise<number | undefined> {
  const pid = Number((await readIfThere(files.pid))?.trim());
  if (!Number.isInteger(pid) || pid <= 0) {
    return undefined;
  }
  const found = await readProcess(pid);
  return isMachineProcess(found, pid, files.pid, await readRecord(files)) ? pid : undefined;
}

/**
 * The pid of a process that was told this machine's pid file, whatever that file says: a QEMU that
 * has not come to write it yet, or has taken it away and is about to end. Reads all processes.
 */
export async function findByPidFile(pidFile: string): Promise<number | undefined> {
  for await (const pid of processesThat((found) => runsWith(found, pidFile))) {
    return pid;
  }
  return undefined;
}

/** The pids of all processes of which something is true. Reads all processes. */
export async function* processesThat(
  isTrue: (found: SystemProcess) => boolean,
): AsyncGenerator<number> {
  for (const pid of await hostSystem.allPids()) {
    const found = await readProcess(pid);
    if (found !== undefined && isTrue(found)) {
      yield pid;
    }
  }
}

/** Whether a process has ended: there is none of that pid, or it is another one by now. */
export async function hasEnded(pid: number, started: SystemProcess): Promise<boolean> {
  return (await readProcess(pid))?.startTime !== started.startTime;
}

/** What the last launch wrote down; undefined when there is nothing sound. */
export async function readRecord(files: MachineFiles): Promise<ProcessRecord | undefined> {
  const text = await readIfThere(files.process);
  if (text === undefined) {
    return undefined;
  }
  try {
    return record.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
