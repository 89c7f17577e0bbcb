import { shutDown, switchOff } from "../driver/qemu/power.ts";
import { endShares } from "../driver/qemu/share-daemons.ts";
import { MachineError } from "../error/machine-error.ts";
import { stopTimeoutMs } from "../life/stop.ts";
import { isRunning } from "./boot.ts";
import { type BootcPlace, removePlace, withPlace } from "./place.ts";
import type { BootcHost } from "./run.ts";

/** Shuts a machine down. Returns false when it didn't run. */
export function stopBootc({ cache, host }: BootcHost, place: BootcPlace): Promise<boolean> {
  return withPlace(cache, place, { command: "stop", report: host.report }, async () => {
    if (!(await isRunning(place))) {
      return false;
    }
    await shutDown(place, { timeoutMs: stopTimeoutMs, report: host.report });
    await endShares(place.files);
    return true;
  });
}

/** Switches a machine off at once. */
export function killBootc({ cache, host }: BootcHost, place: BootcPlace): Promise<void> {
  return withPlace(cache, place, { command: "run", report: host.report }, async () => {
    await switchOff(place);
    await endShares(place.files);
  });
}

/** Removes a machine with its disk. Throws for one that runs, unless it is to be switched off. */
export function removeBootc(
  { cache, host }: BootcHost,
  place: BootcPlace,
  isForced: boolean,
): Promise<void> {
  return withPlace(cache, place, { command: "rm", report: host.report }, async () => {
    if (await isRunning(place)) {
      if (!isForced) {
        // In podman-bootc's words.
        throw new MachineError("VM is currently running. Stop it first or use the -f flag.");
      }
      await switchOff(place);
      await endShares(place.files);
    }
    await removePlace(place);
  });
}
