import { MachineError } from "../../error/machine-error.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { MachinePlace } from "../../store/machines.ts";
import { connectQmp } from "./qmp.ts";
import { hasRoom } from "./room.ts";
import { runStateOf } from "./run-states.ts";
import { decideState, lookAtQemu } from "./state.ts";

const monitorTimeoutMs = 5000;
/** A write that failed is tried again at once: when it fails again, that is seen by then. */
const heldAgainMs = 1000;
const recheckMs = 50;

/**
 * Lets a guest go on that QEMU holds, as one whose host had no room; nothing for one that isn't held. Throws when
 * what holds it is still there.
 */
export async function resume(place: MachinePlace): Promise<void> {
  const facts = await lookAtQemu(place.files, monitorTimeoutMs);
  if (facts.monitor.kind !== "answers") {
    return;
  }
  const { status, trouble } = facts.monitor;
  const command = runStateOf(status).resume;
  if (command === undefined) {
    return;
  }
  if (trouble === "nospace" && !(await hasRoom(place.files.folder))) {
    throw stillHeld(place, decideState(place, facts).error);
  }
  const monitor = await connectQmp(place.files.monitor, monitorTimeoutMs);
  try {
    await monitor.execute(command);
  } finally {
    monitor.close();
  }
  const found = await waitInFolder(
    place.files.folder,
    async () => {
      const { state, error } = decideState(place, await lookAtQemu(place.files, monitorTimeoutMs));
      return state === "Error" ? { error } : undefined;
    },
    heldAgainMs,
    recheckMs,
  );
  if (found !== undefined) {
    throw stillHeld(place, found.error);
  }
}

function stillHeld({ name }: MachinePlace, why = "QEMU gave no reason"): MachineError {
  return new MachineError(
    `"${name}" can't go on: ${why}. ("podman-machine kill ${name}" switches it off, and what it has not written is lost.)`,
  );
}
