import { readdir, readFile } from "node:fs/promises";
import * as z from "zod";
import { systemErrorCode } from "../../../system-error.ts";
import { runProgram } from "../../program/run.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import { readIfThere } from "../../store/read-file.ts";

/** A process as the system has it. */
export interface SystemProcess {
  /** When it started, in the system's own words; with the pid it names one process for good. */
  readonly startTime: string;
  readonly commandLine: string;
}

const record = z.object({
  pid: z.int().positive(),
  startTime: z.string(),
  accelerator: z.enum(["kvm", "tcg"]),
  imageId: z.string(),
  imageVersion: z.string(),
});

/** What the launch wrote down of the process that it started. */
export type ProcessRecord = z.infer<typeof record>;

/** Looks a process up; undefined when there is none, or it has ended and is only not reaped yet. */
export async function readProcess(pid: number): Promise<SystemProcess | undefined> {
  return process.platform === "linux" ? readProc(pid) : readPs(pid);
}

async function readProc(pid: number): Promise<SystemProcess | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8");
    return parseStat(stat, commandLine);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ESRCH") {
      return undefined;
    }
    throw error;
  }
}

/** proc_pid_stat(5): the name in parentheses may hold anything, the fields after it don't. */
export function parseStat(stat: string, commandLine: string): SystemProcess | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  const startTime = fields[19];
  if (startTime === undefined || state === "Z" || state === "X") {
    return undefined;
  }
  return { startTime, commandLine: commandLine.split("\0").join(" ").trim() };
}

async function readPs(pid: number): Promise<SystemProcess | undefined> {
  const result = await runProgram("ps", ["-p", String(pid), "-o", "lstart=", "-o", "args="], {
    timeoutMs: 10_000,
  });
  const match = /^(\S+ +\S+ +\S+ +\S+ +\S+) +(.*)$/.exec(result.stdout.trim());
  if (match?.[1] === undefined || match[2] === undefined) {
    return undefined;
  }
  return { startTime: match[1], commandLine: match[2] };
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
  for (const pid of await allPids()) {
    const found = await readProcess(pid);
    if (found !== undefined && runsWith(found, pidFile)) {
      return pid;
    }
  }
  return undefined;
}

async function allPids(): Promise<number[]> {
  const words =
    process.platform === "linux"
      ? await readdir("/proc")
      : (await runProgram("ps", ["-axo", "pid="], { timeoutMs: 10_000 })).stdout.split("\n");
  return words.map((word) => Number(word.trim())).filter((pid) => Number.isInteger(pid) && pid > 0);
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
