import { rename, rm } from "node:fs/promises";
import { systemErrorCode } from "../../../system-error.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import { logEnds } from "./log-keeper.ts";
import { endShares } from "./share-daemons.ts";

/**
 * Takes away what an earlier QEMU left, as after a crash of the host. The machine is known to be stopped. What it
 * printed last stays one start longer: a failed boot is often tried again before it is read.
 */
export async function removeTraces(files: MachineFiles): Promise<void> {
  const left = [files.pid, files.process, files.monitor, files.consoleSocket];
  for (const path of [...left, files.agentSocket, files.controlSocket]) {
    await rm(path, { force: true });
  }
  await endShares(files);
  await rm(files.consoleLogEarlier, { force: true });
  const logs = [
    [files.consolePipe, files.consoleLog],
    [files.bootPipe, files.bootLog],
    [files.messagesPipe, files.messagesLog],
  ] as const;
  for (const [pipe, log] of logs) {
    await logEnds(pipe);
    await keepAsPrevious(log);
  }
}

async function keepAsPrevious(path: string): Promise<void> {
  try {
    await rename(path, `${path}.1`);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") {
      throw error;
    }
  }
}
