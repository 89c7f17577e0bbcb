import { openBootPort } from "../../kernel/boot-port.ts";
import type { Writer } from "../../kernel/files.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { recordFolder, type StageRecord } from "./stage-record.ts";

/** The log of this boot that people are told to look for. */
export const bootLogPath = "/boot.log";

/** Takes what stages leave to where it can be read: records, boot log, kernel log, the host. */
export interface Recorder {
  write(record: StageRecord): void;
  /** A line for the host alone: "ready", "hostkey …". */
  tellHost(line: string): void;
  /** A line for people about the boot as a whole. */
  warn(line: string): void;
}

/** To be opened in the new root. Never throws later on: a boot without records is still a boot. */
export function openRecorder(kernel: Kernel): Recorder {
  const port = openBootPort(kernel);
  return {
    write(record) {
      guarded(kernel, () => writeRecord(kernel, record, ""));
      guarded(kernel, () => kernel.append(bootLogPath, `${logLine(record)}\n`));
      kernel.tellKernelLog(logLine(record));
      if (record.result === "failed") {
        kernel.tellConsole(`${record.stage} failed: ${record.message}`);
      }
      send(port, `stage ${record.stage} ${record.result} ${Math.round(record.durationMs)}`);
    },
    tellHost: (line) => send(port, line),
    warn(line) {
      guarded(kernel, () => kernel.append(bootLogPath, `${line}\n`));
      kernel.tellKernelLog(line);
      kernel.tellConsole(line);
    },
  };
}

/** Leaves a record in the system whose root is `root` ("" for this one). Throws a KernelError. */
export function writeRecord(kernel: Kernel, record: StageRecord, root: string): void {
  const folder = `${root}${recordFolder}`;
  kernel.mkdir(folder);
  kernel.writeAtomic(`${folder}/${record.stage}.json`, `${JSON.stringify(record)}\n`);
}

/** "   2.481 s  devices: ok in 310 ms, 23 modules" */
export function logLine(record: StageRecord): string {
  const endedS = (record.startedMs + record.durationMs) / 1000;
  const time = `${endedS.toFixed(3).padStart(8)} s`;
  const message = record.message === "" ? "" : `, ${record.message}`;
  return `${time}  ${record.stage}: ${record.result} in ${Math.round(record.durationMs)} ms${message}`;
}

/** What can't be kept is at least said where the kernel's messages are. */
function guarded(kernel: Kernel, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    kernel.tellKernelLog(error.message);
  }
}

function send(port: Writer | undefined, line: string): void {
  try {
    port?.write(`${line}\n`);
  } catch (error) {
    // The host may have closed its end (EAGAIN, EPIPE); it then doesn't want to know.
    if (!(error instanceof KernelError)) {
      throw error;
    }
  }
}
