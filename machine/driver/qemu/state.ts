import * as z from "zod";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { MachineState, Observed } from "../contract/driver.ts";
import { findByPidFile, machinePid, readRecord } from "./process.ts";
import { connectQmp, MonitorError } from "./qmp.ts";

/** What was seen of a machine's QEMU. */
export interface QemuFacts {
  /** The process that runs it; undefined when there is none. */
  readonly pid: number | undefined;
  /**
   * On its way up: no launch has seen it run yet. On its way down: its pid file is gone already.
   * Both last a moment, and longer when the host is busy or when the launching command was killed.
   */
  readonly passage: "up" | "down" | undefined;
  readonly monitor:
    | { readonly kind: "answers"; readonly status: string }
    | { readonly kind: "refused" }
    | { readonly kind: "silent" };
}

const statusReply = z.object({ status: z.string() });

/** QEMU's RunState (qapi/run-state.json) in the words of `ls`; what isn't here is an error. */
const states: Readonly<Record<string, MachineState>> = {
  running: "Running",
  debug: "Paused",
  paused: "Paused",
  suspended: "Paused",
  "save-vm": "Paused",
  "finish-migrate": "Paused",
  postmigrate: "Paused",
  colo: "Paused",
  prelaunch: "Starting",
  inmigrate: "Starting",
  "restore-vm": "Starting",
  shutdown: "Stopping",
};

/** The state of a machine from what was seen. */
export function decideState(name: string, facts: QemuFacts): Observed {
  const switchOff = `switch it off with "podman-machine kill ${name}"`;
  const { pid, passage, monitor } = facts;
  if (passage !== undefined && monitor.kind === "refused") {
    return { state: passage === "up" ? "Starting" : "Stopping" };
  }
  if (pid === undefined) {
    return monitor.kind === "answers"
      ? { state: "Error", error: `QEMU runs, but its pid file is gone: ${switchOff}` }
      : { state: "Stopped" };
  }
  if (monitor.kind === "refused") {
    return { state: "Error", error: `QEMU (process ${pid}) has no monitor: ${switchOff}` };
  }
  if (monitor.kind === "silent") {
    return { state: "Timeout", error: `QEMU (process ${pid}) doesn't answer: ${switchOff}` };
  }
  const state = states[monitor.status];
  return state === undefined
    ? { state: "Error", error: `QEMU stopped the guest (${monitor.status}): ${switchOff}` }
    : { state };
}

/** Looks at the process and asks the monitor. */
export async function lookAtQemu(files: MachineFiles, timeoutMs: number): Promise<QemuFacts> {
  const pid = await machinePid(files);
  const passage = await passageOf(files, pid);
  return { pid, passage, monitor: await askMonitor(files.monitor, timeoutMs) };
}

async function passageOf(
  files: MachineFiles,
  pid: number | undefined,
): Promise<QemuFacts["passage"]> {
  const launched = (await readRecord(files))?.pid;
  if (pid !== undefined) {
    return pid === launched ? undefined : "up";
  }
  const found = await findByPidFile(files.pid);
  if (found === undefined) {
    return undefined;
  }
  return found === launched ? "down" : "up";
}

async function askMonitor(path: string, timeoutMs: number): Promise<QemuFacts["monitor"]> {
  try {
    const monitor = await connectQmp(path, timeoutMs);
    try {
      const { status } = statusReply.parse(await monitor.execute("query-status"));
      return { kind: "answers", status };
    } finally {
      monitor.close();
    }
  } catch (error) {
    if (error instanceof MonitorError) {
      return { kind: error.kind === "silent" ? "silent" : "refused" };
    }
    throw error;
  }
}
