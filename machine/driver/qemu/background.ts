import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { cannotRun } from "../../program/run.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { LogPipes } from "./log-keeper.ts";
import { machinePid } from "./process.ts";
import { connectQmp, MonitorError } from "./qmp.ts";

/** A monitor's socket has its name a moment before it listens, and the folder tells only of the name. */
const recheckMs = 50;
/** What QEMU said before it ended may still be on its way to its log. */
const logTimeoutMs = 2000;

/** How a start of QEMU went. */
export type Outcome =
  | { readonly kind: "up"; readonly pid: number }
  | Ended
  /** Neither up nor ended when the time was over; what was started is killed. */
  | { readonly kind: "late" };

/** It ended before it was up. */
interface Ended {
  readonly kind: "ended";
  /** The signal that ended it, in the words of signal(7). */
  readonly signal: string | undefined;
  /** What it printed to its standard error. */
  readonly said: string;
}

/**
 * Starts QEMU as a daemon: in a session of its own, so that no terminal's end or ^C reaches it, in the root folder,
 * with nothing to read and a log to print to. It could go to the background by itself (-daemonize), but only while it
 * may fork and begin a session, which its sandbox denies. Resolves once it is up, which is when its monitor has
 * carried out a command: its greeting comes earlier, while devices are still being made. Whoever is killed meanwhile
 * leaves a QEMU that comes up, or ends, by itself.
 *
 * @param words program and arguments, among them `-pidfile` and `-qmp` with the machine's files.
 * @param logs ends of pipes, which become QEMU's; they are closed here.
 * @param more descriptors that become QEMU's 5th and so on; they stay open here.
 */
export async function runInBackground(
  files: MachineFiles,
  words: readonly string[],
  logs: LogPipes,
  timeoutMs: number,
  more: readonly number[] = [],
): Promise<Outcome> {
  const [program = "", ...args] = words;
  const deadline = performance.now() + timeoutMs;
  let end: { error: Error } | { signal: string | undefined } | undefined;
  const child = (() => {
    try {
      return spawn(program, args, {
        cwd: "/",
        detached: true,
        stdio: ["ignore", "ignore", logs.messages, logs.console, logs.boot, ...more],
      });
    } finally {
      logs.close();
    }
  })();
  child.once("error", (error) => {
    end = { error };
  });
  child.once("exit", (_, signal) => {
    end ??= { signal: signal ?? undefined };
  });
  const look = async () => {
    const pid = await machinePid(files);
    if (pid !== undefined && (await isUp(files.monitor, deadline - performance.now()))) {
      return { kind: "up", pid } as const;
    }
    return end;
  };
  const found = await waitInFolder(files.folder, look, timeoutMs, recheckMs)
    .catch((error: unknown) => {
      child.kill("SIGKILL");
      throw error;
    })
    .finally(() => child.unref());
  if (found === undefined) {
    child.kill("SIGKILL");
    return { kind: "late" };
  }
  if ("error" in found) {
    throw cannotRun(program, found.error);
  }
  return "kind" in found
    ? found
    : { kind: "ended", signal: found.signal, said: await readMessages(files) };
}

async function isUp(monitor: string, timeoutMs: number): Promise<boolean> {
  try {
    (await connectQmp(monitor, Math.max(1, timeoutMs))).close();
    return true;
  } catch (error) {
    if (error instanceof MonitorError) {
      return false;
    }
    throw error;
  }
}

async function readMessages(files: MachineFiles): Promise<string> {
  const isWritten = async () => (existsSync(files.messagesPipe) ? undefined : true);
  await waitInFolder(files.folder, isWritten, logTimeoutMs);
  return readFile(files.messagesLog, "utf8");
}
