import { rename, rm } from "node:fs/promises";
import { driverOf } from "../driver/drivers.ts";
import { Failure } from "../failure.ts";
import { withLock } from "../store/lock.ts";
import { machinesFolder, removedFolder, unfinishedFolder } from "../store/machine-files.ts";
import { machineFolderExists, machinePlace } from "../store/machines.ts";
import { unknownMachine } from "../store/name.ts";
import { syncFolder } from "../store/write-file.ts";
import { type Host, machineLock, OBSERVE_TIMEOUT_MS } from "./host.ts";

/** Throws unless the store has something of that name. */
export async function checkRemovable(host: Host, name: string): Promise<void> {
  machinePlace(host.store, name);
  if (!(await machineFolderExists(host.store, name))) {
    throw unknownMachine(name);
  }
}

/**
 * Removes a machine with its disk. One that runs is only removed with `force`, which switches it
 * off. Works without a sound config.json too: whoever removes a machine needs none.
 */
export async function removeMachine(
  host: Host,
  name: string,
  options: { force: boolean },
): Promise<void> {
  await checkRemovable(host, name);
  const place = machinePlace(host.store, name);
  await withLock(machineLock(host, name, "rm"), async () => {
    await checkRemovable(host, name);
    const driver = driverOf(host.store, "qemu");
    const observed = await driver.observe(place, OBSERVE_TIMEOUT_MS);
    if (observed.state !== "Stopped") {
      if (!options.force) {
        throw new Failure(
          `"${name}" is not stopped (${observed.state}). Stop it first with "podman-machine stop ${name}", or use -f.`,
        );
      }
      await driver.kill(place);
    }
    const removed = removedFolder(host.store, name);
    await rm(removed, { recursive: true, force: true });
    // One step makes it gone; a crash while the files are deleted leaves no half of a machine.
    await rename(place.files.folder, removed);
    await syncFolder(machinesFolder(host.store));
    await rm(removed, { recursive: true, force: true });
    await rm(unfinishedFolder(host.store, name), { recursive: true, force: true });
  });
}
