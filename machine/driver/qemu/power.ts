import { kill } from "node:process";
import { Failure, systemErrorCode } from "../../failure.ts";
import type { MachinePlace } from "../../store/machines.ts";
import type { Report } from "../driver.ts";
import { readBootLog } from "./boot-log.ts";
import { waitInFolder } from "./folder-watch.ts";
import { machinePid } from "./process.ts";
import { connectQmp } from "./qmp.ts";
import { lookAtQemu } from "./state.ts";

const MONITOR_TIMEOUT_MS = 5000;
/** QEMU writes its cached data to the disk's file before it ends. */
const QUIT_TIMEOUT_MS = 20_000;
const KILL_TIMEOUT_MS = 5000;

/**
 * Presses the power button and waits until QEMU has ended. A guest that is still booting may not
 * hear the button yet: it is pressed again once the guest is ready. When the time is over, this
 * says so and switches off.
 */
export async function shutDown(
  machine: MachinePlace,
  options: { timeoutMs: number; report: Report },
): Promise<void> {
  let readyCount = (await readBootLog(machine.files.bootLog)).readyCount;
  const { monitor } = await lookAtQemu(machine.files, MONITOR_TIMEOUT_MS);
  if (monitor.kind === "answers" && monitor.status === "paused") {
    // A guest that is held hears no button.
    await command(machine, "cont");
  }
  await command(machine, "system_powerdown");
  const look = async () => {
    if (await hasEnded(machine)) {
      return true;
    }
    const now = (await readBootLog(machine.files.bootLog)).readyCount;
    if (now !== readyCount) {
      readyCount = now;
      await pressAgain(machine);
    }
    return undefined;
  };
  const ended = await waitInFolder(machine.files.folder, look, options.timeoutMs);
  if (ended === undefined) {
    options.report.warn(
      `"${machine.name}" did not shut down within ${Math.round(options.timeoutMs / 1000)} s: it is switched off, and what its programs had not yet written is lost.`,
    );
    await switchOff(machine);
  }
}

/** Ends QEMU: by its monitor, so that it writes out the disk's cache, else by killing it. */
export async function switchOff(machine: MachinePlace): Promise<void> {
  const pid = await machinePid(machine.files);
  try {
    await command(machine, "quit");
    if (await endsWithin(machine, QUIT_TIMEOUT_MS)) {
      return;
    }
  } catch (error) {
    // A monitor that doesn't answer is why there is a second way.
    if (!(error instanceof Failure)) {
      throw error;
    }
  }
  if (pid !== undefined) {
    await killProcess(machine, pid);
  }
}

async function killProcess(machine: MachinePlace, pid: number): Promise<void> {
  try {
    kill(pid, "SIGKILL");
  } catch (error) {
    if (systemErrorCode(error) === "ESRCH") {
      return;
    }
    throw new Failure(`QEMU (process ${pid}) of "${machine.name}" can't be killed.`, {
      cause: error,
    });
  }
  if (!(await endsWithin(machine, KILL_TIMEOUT_MS))) {
    throw new Failure(
      `QEMU (process ${pid}) of "${machine.name}" was killed but is still there: the host's kernel holds it (disk or KVM). Look at it with ps.`,
    );
  }
}

async function endsWithin(machine: MachinePlace, timeoutMs: number): Promise<boolean> {
  const look = async () => ((await hasEnded(machine)) ? true : undefined);
  return (await waitInFolder(machine.files.folder, look, timeoutMs)) ?? false;
}

async function hasEnded(machine: MachinePlace): Promise<boolean> {
  return (await machinePid(machine.files)) === undefined;
}

async function command(machine: MachinePlace, name: string): Promise<void> {
  const monitor = await connectQmp(machine.files.monitor, MONITOR_TIMEOUT_MS);
  try {
    await monitor.execute(name);
  } finally {
    monitor.close();
  }
}

/** The guest may have gone meanwhile, from the first press: the next look sees that. */
async function pressAgain(machine: MachinePlace): Promise<void> {
  try {
    await command(machine, "system_powerdown");
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
  }
}
