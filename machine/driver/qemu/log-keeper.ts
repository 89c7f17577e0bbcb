import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "../../../system-error.ts";
import { MachineError } from "../../error/machine-error.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { MachineFiles } from "../../store/machine-files.ts";

/**
 * How much is kept of what a guest's console prints: up to twice as much, in two files. A log of a boot has some
 * 50 KB; libvirt's virtlogd keeps four files of 2 MiB.
 */
export const consoleLogMaxBytes = 4 * 1024 * 1024;
/** How much is kept of what it says of its boots, which takes some 3 KB each. */
export const bootLogMaxBytes = 512 * 1024;
/** How much is kept of what QEMU itself complains of, which a guest can make it do. */
const messagesLogMaxBytes = 256 * 1024;

/** What is read at once, and how often until the log is looked at again. */
const readBytes = 4096;
const readsMax = 64;

/**
 * Writes what comes from a pipe ($0) into a file ($1) as it comes, in turns of at most $4 reads. A file that has $3
 * bytes after a turn is moved aside ($2) and begun anew; where there is no such place, or the disk is full, the rest is
 * dropped. Whoever prints never waits for more than the disk. The pipe's name goes when all that came is written.
 */
const keeper = `
umask 077
while size=$(wc -c <"$1"); do
  if [ "$size" -ge "$3" ]; then
    { [ -n "$2" ] && mv -f "$1" "$2"; } || break
    size=0
  fi
  dd bs=${readBytes} count="$4" >>"$1" || break
  [ "$(wc -c <"$1")" -gt "$size" ] || break
done 2>/dev/null
cat >/dev/null
rm -f "$0"`;

const mkfifoTimeoutMs = 10_000;
/** QEMU has ended by then, and what it printed is a pipe's content at most. */
const endTimeoutMs = 10_000;

/** Ends of pipes whose other ends are the logs of a machine, for its QEMU to inherit. */
export interface LogPipes {
  readonly console: number;
  readonly boot: number;
  /** For what QEMU prints to its standard error. */
  readonly messages: number;
  /** Gives them back: the logs end when nobody has them any more. */
  close(): void;
}

/**
 * Starts what writes a machine's logs. QEMU itself would write them without a limit, and a guest prints what it
 * likes: processes of a shell do it in the background, and end by themselves with QEMU.
 */
export async function keepLogs(files: MachineFiles): Promise<LogPipes> {
  const open: number[] = [];
  const close = () => {
    for (const pipe of open.splice(0)) {
      closeSync(pipe);
    }
  };
  const keep = async (plan: Parameters<typeof keepLog>[0]) => {
    const pipe = await keepLog(plan);
    open.push(pipe);
    return pipe;
  };
  try {
    return {
      console: await keep({
        pipe: files.consolePipe,
        log: files.consoleLog,
        earlier: files.consoleLogEarlier,
        maxBytes: consoleLogMaxBytes,
      }),
      // What is read of these is at their beginning.
      boot: await keep({
        pipe: files.bootPipe,
        log: files.bootLog,
        earlier: "",
        maxBytes: bootLogMaxBytes,
      }),
      messages: await keep({
        pipe: files.messagesPipe,
        log: files.messagesLog,
        earlier: "",
        maxBytes: messagesLogMaxBytes,
      }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Waits until all that came through a pipe of an earlier start is written. Whoever writes it takes the pipe's name away
 * at its end, which must not be the next one's, and knows its log by name.
 */
export async function logEnds(pipe: string): Promise<void> {
  const isEnded = async () => (isRead(pipe) ? undefined : true);
  await waitInFolder(dirname(pipe), isEnded, endTimeoutMs);
}

/** A pipe that nobody reads can't be opened for writing without waiting (fifo(7)). */
function isRead(pipe: string): boolean {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENXIO") {
      return false;
    }
    throw error;
  }
}

/** One log of at most `maxBytes` (at least 4 KiB), and the pipe's end that is written to. */
export async function keepLog(plan: {
  pipe: string;
  log: string;
  earlier: string;
  maxBytes: number;
}): Promise<number> {
  const { pipe, log, earlier, maxBytes } = plan;
  await logEnds(pipe);
  await rm(pipe, { force: true });
  const words = ["-m", "600", pipe];
  const made = await runProgram("mkfifo", words, { timeoutMs: mkfifoTimeoutMs });
  if (made.exitCode !== 0) {
    throw new MachineError(
      `The pipe ${pipe} for a log can't be made: ${lastLine(made.stderr) || "mkfifo gave no reason"}`,
    );
  }
  // For reading and writing it opens at once; the others then find a partner.
  const both = openSync(pipe, constants.O_RDWR);
  const forReading = openSync(pipe, constants.O_RDONLY);
  const forWriting = openSync(pipe, constants.O_WRONLY);
  closeSync(both);
  // The files of an earlier start have been moved aside; QEMU makes its own at once, even for nothing.
  closeSync(openSync(log, "a", 0o600));
  const reads = Math.max(1, Math.min(readsMax, Math.floor(maxBytes / 2 / readBytes)));
  const full = Math.max(1, maxBytes - reads * readBytes);
  const child = spawn("sh", ["-c", keeper, pipe, log, earlier, String(full), String(reads)], {
    detached: true,
    stdio: [forReading, "ignore", "ignore"],
    env: { PATH: process.env.PATH, LC_ALL: "C" },
  });
  // Without a shell nothing here works; the pipe's end is then closed, and QEMU goes on without a log.
  child.on("error", () => undefined);
  child.unref();
  closeSync(forReading);
  return forWriting;
}
