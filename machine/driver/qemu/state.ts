import * as z from "zod";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { MachinePlace } from "../../store/machines.ts";
import type { Observed } from "../contract/driver.ts";
import { findByPidFile, machinePid, readRecord } from "./process.ts";
import { connectQmp, MonitorError } from "./qmp.ts";
import { type DiskTrouble, runStateOf } from "./run-states.ts";

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
    | {
        readonly kind: "answers";
        readonly status: string;
        /** What holds the guest, when it is held for its disk. */
        readonly trouble?: DiskTrouble | undefined;
      }
    | { readonly kind: "refused" }
    /** It is another user's. */
    | { readonly kind: "denied" }
    | { readonly kind: "silent" };
}

const statusReply = z.object({ status: z.string() });

const blockReply = z.array(z.object({ "io-status": z.string().optional() }));

/** The state of a machine from what was seen. */
export function decideState(place: MachinePlace, facts: QemuFacts): Observed {
  const switchOff = `switch it off with "podman-machine kill ${place.name}"`;
  const { pid, passage, monitor } = facts;
  if (passage !== undefined && monitor.kind === "refused") {
    return { state: passage === "up" ? "Starting" : "Stopping" };
  }
  if (pid === undefined) {
    return monitor.kind === "answers"
      ? {
          state: "Error",
          error: `QEMU runs, but its pid file is gone, or its folder was moved since its start: ${switchOff}`,
        }
      : { state: "Stopped" };
  }
  if (monitor.kind === "denied") {
    return {
      state: "Error",
      error: `QEMU (process ${pid}) is run by another user, who alone can ask it and end it`,
    };
  }
  if (monitor.kind === "refused") {
    return { state: "Error", error: `QEMU (process ${pid}) has no monitor: ${switchOff}` };
  }
  if (monitor.kind === "silent") {
    return { state: "Timeout", error: `QEMU (process ${pid}) doesn't answer: ${switchOff}` };
  }
  const { state, resume, explain } = runStateOf(monitor.status);
  return {
    state,
    ...(explain && { error: explain(place, monitor.trouble) }),
    ...(resume && { canGoOn: true }),
  };
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
      if (status !== "io-error") {
        return { kind: "answers", status };
      }
      const blocks = blockReply.parse(await monitor.execute("query-block"));
      return { kind: "answers", status, trouble: troubleIn(blocks) };
    } finally {
      monitor.close();
    }
  } catch (error) {
    if (error instanceof MonitorError) {
      return { kind: error.kind === "closed" ? "refused" : error.kind };
    }
    throw error;
  }
}

/** Other disks of a machine are only read. */
function troubleIn(blocks: z.infer<typeof blockReply>): DiskTrouble {
  return blocks.some((block) => block["io-status"] === "nospace") ? "nospace" : "failed";
}
