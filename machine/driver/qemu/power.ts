import { kill } from "node:process";
import { systemErrorCode } from "../../../system-error.ts";
import { MachineError } from "../../error/machine-error.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { MachinePlace } from "../../store/machines.ts";
import type { Report } from "../contract/driver.ts";
import { readBootLog } from "./boot-log.ts";
import { findByPidFile, hasEnded, machinePid, readProcess } from "./process.ts";
import { connectQmp, MonitorError } from "./qmp.ts";
import { resume } from "./resume.ts";
import { lookAtQemu } from "./state.ts";

const monitorTimeoutMs = 5000;
/** QEMU writes its cached data to the disk's file before it ends. */
const quitTimeoutMs = 20_000;
const killTimeoutMs = 5000;

/** How soon the end of QEMU is seen: whoever stops a machine waits for just that. */
const recheckMs = 50;

/**
 * Presses the power button and waits until QEMU has ended. A guest that is still booting may not
 * hear the button yet: it is pressed again once the guest is ready. When the time is over, this
 * says so and switches off.
 */
export async function shutDown(
  machine: MachinePlace,
  options: { timeoutMs: number; report: Report },
): Promise<void> {
  const isOver = await watchEnd(machine);
  let readyCount = (await readBootLog(machine.files.bootLog)).readyCount;
  // A guest that is held hears no button.
  await resume(machine);
  await command(machine, "system_powerdown");
  const look = async () => {
    if (await isOver()) {
      return true;
    }
    const now = (await readBootLog(machine.files.bootLog)).readyCount;
    if (now !== readyCount) {
      readyCount = now;
      await tryCommand(machine, "system_powerdown");
    }
    return undefined;
  };
  const { folder } = machine.files;
  if (!(await waitInFolder(folder, look, options.timeoutMs, recheckMs))) {
    options.report.warn(
      `"${machine.name}" did not shut down within ${Math.round(options.timeoutMs / 1000)} s: it is switched off now, and unwritten data of its programs is lost.`,
    );
    await switchOff(machine);
  }
}

/** Ends QEMU: by its monitor, so that it writes out the disk's cache, else by killing it. */
export async function switchOff(machine: MachinePlace): Promise<void> {
  const pid = await qemuPid(machine);
  const isOver = await watchEnd(machine);
  const asked = await tryCommand(machine, "quit");
  if (asked && (await endsWithin(machine, isOver, quitTimeoutMs))) {
    return;
  }
  if (pid !== undefined && !(await isOver())) {
    killProcess(machine, pid);
    if (!(await endsWithin(machine, isOver, killTimeoutMs))) {
      throw new MachineError(
        `QEMU (process ${pid}) of "${machine.name}" was killed but is still there: the host's kernel blocks it (disk or KVM). Check it with ps.`,
      );
    }
  }
}

/** Of one that has no pid file yet too. */
async function qemuPid({ files }: MachinePlace): Promise<number | undefined> {
  return (await machinePid(files)) ?? (await findByPidFile(files.pid));
}

function killProcess(machine: MachinePlace, pid: number): void {
  try {
    kill(pid, "SIGKILL");
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") {
      throw new MachineError(`QEMU (process ${pid}) of "${machine.name}" can't be killed.`, {
        cause: error,
      });
    }
  }
}

/**
 * Tells whether the process that runs the machine now has ended. Its pid file goes a moment before
 * it does, and only its end gives the disk and the port back.
 */
async function watchEnd(machine: MachinePlace): Promise<() => Promise<boolean>> {
  const pid = await qemuPid(machine);
  const started = pid === undefined ? undefined : await readProcess(pid);
  if (pid === undefined || started === undefined) {
    // Without a pid only the monitor tells.
    return async () =>
      (await lookAtQemu(machine.files, monitorTimeoutMs)).monitor.kind === "refused";
  }
  return () => hasEnded(pid, started);
}

async function endsWithin(
  machine: MachinePlace,
  isOver: () => Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const look = async () => ((await isOver()) ? true : undefined);
  return (await waitInFolder(machine.files.folder, look, timeoutMs, recheckMs)) ?? false;
}

async function command(machine: MachinePlace, name: string): Promise<void> {
  const monitor = await connectQmp(machine.files.monitor, monitorTimeoutMs);
  try {
    await monitor.execute(name);
  } finally {
    monitor.close();
  }
}

/** For commands whose failure the caller sees by itself, in that QEMU goes on or has ended. */
async function tryCommand(machine: MachinePlace, name: string): Promise<boolean> {
  try {
    await command(machine, name);
    return true;
  } catch (error) {
    if (error instanceof MonitorError) {
      // QEMU may end before its answer is out.
      return error.kind === "closed";
    }
    throw error;
  }
}
