import { existsSync } from "node:fs";
import { MachineError } from "../../error/machine-error.ts";
import { waitForBanner } from "../../ssh/banner.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { Machine } from "../../store/machines.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import type { Report } from "../contract/driver.ts";
import { type BootProgress, readBootLog } from "./boot-log.ts";
import { lastConsoleLine, panicLine, readConsoleEnd } from "./console-log.ts";
import { tellOfDataDisk } from "./data-seen.ts";
import { watchHeld } from "./held-watch.ts";
import { machinePid } from "./process.ts";

/** A guest whose agents can't run says nothing on the port; its sshd then tells that it is up. */
const silenceMs = 5000;
const logsTimeoutMs = 2000;

type Outcome = "ready" | "banner" | "ended" | "panicked" | "held";

/**
 * Waits until the guest says that it is ready, and reports the stages on the way. Throws when its
 * QEMU ends, or the time is over: with the console's last line and where to read the rest.
 */
export async function waitUntilReady(
  machine: Machine<"qemu">,
  options: { timeoutMs: number; report: Report },
): Promise<void> {
  const before = await readBootLog(machine.files.bootLog);
  if (before.readyCount > 0) {
    await learnHostKeys(machine, before.hostKeys);
    await tellOfDataDisk(machine, before.stages, options.report);
    return;
  }
  const silence = new AbortController();
  let bannerSeen = false;
  const listen = setTimeout(async () => {
    bannerSeen = await waitForBanner(machine.config.Driver.SSHPort, silence.signal);
  }, silenceMs);
  let reported = 0;
  let heldBy: string | undefined;
  const whatHolds = watchHeld(machine);
  let progress: BootProgress = { stages: [], hostKeys: [], readyCount: 0 };
  const look = async (): Promise<Outcome | undefined> => {
    // The process first: what it wrote before it ended is then read below.
    const pid = await machinePid(machine.files);
    progress = await readBootLog(machine.files.bootLog);
    for (const stage of progress.stages.slice(reported)) {
      options.report.stage(stage);
    }
    reported = progress.stages.length;
    if (reported > 0) {
      silence.abort();
    }
    if (progress.readyCount > 0) {
      return "ready";
    }
    if (pid === undefined) {
      return "ended";
    }
    if (panicLine(await readConsoleEnd(machine.files.consoleLog)) !== undefined) {
      return "panicked";
    }
    heldBy = whatHolds();
    if (heldBy !== undefined) {
      return "held";
    }
    return bannerSeen && reported === 0 ? "banner" : undefined;
  };
  try {
    const outcome = await waitInFolder(machine.files.folder, look, options.timeoutMs);
    if (outcome === "banner") {
      options.report.warn(
        `"${machine.name}" answers on SSH, but its agents reported nothing: read ${machine.files.consoleLog}.`,
      );
    } else if (outcome !== "ready") {
      if (outcome === "ended") {
        await waitForLogs(machine);
      }
      if (outcome === "held") {
        throw new MachineError(`"${machine.name}" does not boot on: ${heldBy}.`);
      }
      throw await notReady(machine, outcome, options.timeoutMs, progress);
    }
    await learnHostKeys(machine, progress.hostKeys);
    await tellOfDataDisk(machine, progress.stages, options.report);
  } finally {
    clearTimeout(listen);
    silence.abort();
  }
}

/** What a QEMU wrote before it ended may still be on its way to the logs. */
async function waitForLogs({ files }: Machine<"qemu">): Promise<void> {
  const areWritten = async () =>
    existsSync(files.consolePipe) || existsSync(files.bootPipe) ? undefined : true;
  await waitInFolder(files.folder, areWritten, logsTimeoutMs);
}

async function notReady(
  machine: Machine<"qemu">,
  outcome: "ended" | "panicked" | undefined,
  timeoutMs: number,
  progress: BootProgress,
): Promise<MachineError> {
  const found = {
    ended: "ended before it was ready",
    panicked: "can't continue",
    late: `was not ready within ${Math.round(timeoutMs / 1000)} s`,
  }[outcome ?? "late"];
  const stage = progress.stages.at(-1)?.name;
  const reached = stage === undefined ? "" : ` after the stage ${stage}`;
  const text = await readConsoleEnd(machine.files.consoleLog);
  const line = panicLine(text) ?? lastConsoleLine(text);
  const said = line === undefined ? "is empty" : `says "${line}"`;
  return new MachineError(
    `"${machine.name}" ${found}${reached}. Its console, ${machine.files.consoleLog}, ${said}.`,
  );
}

/** The port is a private way from this guest: what it says its keys are, they are. */
async function learnHostKeys(machine: Machine<"qemu">, hostKeys: readonly string[]): Promise<void> {
  if (hostKeys.length === 0) {
    return;
  }
  const lines = hostKeys.map((key) => `${machine.name} ${key}\n`);
  await writeFileAtomic(machine.files.knownHosts, lines.join(""), 0o600);
}
