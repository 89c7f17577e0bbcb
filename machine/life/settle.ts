import type { Observed } from "../driver/contract/driver.ts";
import { waitInFolder } from "../store/folder-watch.ts";
import type { MachineFiles } from "../store/machine-files.ts";

/** A host that is busy with other things needs seconds for what else takes a moment. */
const settleTimeoutMs = 30_000;
const recheckMs = 100;

/**
 * Looks at a machine until it is neither starting nor stopping. Whoever holds its lock and finds it
 * so has met what a killed command began: a machine that will run in a moment, or is about to end.
 * Resolves to what was seen last when that takes too long.
 */
export async function settled(
  files: MachineFiles,
  observe: () => Promise<Observed>,
): Promise<Observed> {
  const look = async () => {
    const observed = await observe();
    return observed.state === "Starting" || observed.state === "Stopping" ? undefined : observed;
  };
  return (await waitInFolder(files.folder, look, settleTimeoutMs, recheckMs)) ?? observe();
}
