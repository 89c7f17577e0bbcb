import type { Accelerator } from "../driver/qemu/accelerator.ts";
import { lastConsoleLine, panicLine, readConsoleEnd } from "../driver/qemu/console-log.ts";
import { machinePid } from "../driver/qemu/process.ts";
import { MachineError } from "../error/machine-error.ts";
import { lastLine } from "../program/run.ts";
import { waitForBanner } from "../ssh/banner.ts";
import type { SshTarget } from "../ssh/client.ts";
import { pause } from "../ssh/pause.ts";
import { captureSsh } from "../ssh/session.ts";
import { waitInFolder } from "../store/folder-watch.ts";
import { loopback } from "../store/port.ts";
import type { BootcPlace } from "./place.ts";

/** How long a boot may take until SSH answers: a distribution's boot is emulated in minutes. */
const readyDeadlineMs: Readonly<Record<Accelerator, number>> = {
  kvm: 180_000,
  hvf: 180_000,
  tcg: 1_800_000,
};
const loginTimeoutMs = 120_000;
/** sshd may answer before it takes the key, or while "System is booting up" keeps users out. */
const loginAgainMs = 1000;

/** Where to log in to a machine. */
export function bootcTarget(place: BootcPlace, sshPort: number, user: string): SshTarget {
  return {
    name: `bootc-${place.name}`,
    user,
    host: loopback,
    port: sshPort,
    keyPath: place.files.key,
    knownHostsPath: place.files.knownHosts,
  };
}

/** Waits until one can log in. Throws when QEMU ends, its kernel panics, or the time is over. */
export async function waitForSsh(
  place: BootcPlace,
  target: SshTarget,
  accelerator: Accelerator,
  timeoutMs: number = readyDeadlineMs[accelerator],
): Promise<void> {
  const over = new AbortController();
  let isIn = false;
  let refusal = "";
  let failure: unknown;
  const logIn = async () => {
    while (!over.signal.aborted && (await waitForBanner(target.port, over.signal))) {
      const { exitCode, stderr } = await captureSsh(target, ["true"], loginTimeoutMs);
      if (exitCode === 0) {
        isIn = true;
        return;
      }
      refusal = lastLine(stderr);
      await pause(loginAgainMs, over.signal);
    }
  };
  logIn().catch((error: unknown) => {
    failure = error;
  });
  const look = async () => {
    if (failure !== undefined) {
      throw failure;
    }
    if (isIn) {
      return "in";
    }
    if ((await machinePid(place.files)) === undefined) {
      return "ended before SSH answered";
    }
    const text = await readConsoleEnd(place.files.consoleLog);
    return panicLine(text) === undefined ? undefined : "can't continue";
  };
  try {
    const found = await waitInFolder(place.files.folder, look, timeoutMs);
    if (found !== "in") {
      throw await notReached(place, found, timeoutMs, refusal);
    }
  } finally {
    over.abort();
  }
}

async function notReached(
  place: BootcPlace,
  found: string | undefined,
  timeoutMs: number,
  refusal: string,
): Promise<MachineError> {
  const text = await readConsoleEnd(place.files.consoleLog);
  const line = panicLine(text) ?? lastConsoleLine(text);
  const said = line === undefined ? "is empty" : `says "${line}"`;
  const what = found ?? `did not take the key over SSH within ${Math.round(timeoutMs / 1000)} s`;
  const why = refusal === "" ? "" : ` (ssh: ${refusal})`;
  return new MachineError(
    `The machine ${place.name} ${what}${why}. Its console, ${place.files.consoleLog}, ${said}.`,
  );
}
