import { oneLine } from "../command/one-line.ts";
import type { Subscription } from "../kernel/events.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { runChecked } from "../kernel/run-checked.ts";
import { stateFolder } from "../kernel/state-folder.ts";
import type { Store } from "./stores/stores.ts";
import { watchPath } from "./stores/watch-path.ts";

/** A flush of a slow disk with much to write; the next one comes all the same. */
const flushTimeoutMs = 600_000;

/**
 * Flushes the data disk whenever Podman writes the list of a store's layers. All that a layer's files consist of is
 * on the disk before the list is, by the way in which the disk is mounted, except for pages of which a first part was
 * written when something else was flushed: their second part would follow within half a minute, and now does at once.
 * In a process of its own: the flush of a slow disk must not keep the agent from its work.
 */
export function keepFlushed(kernel: Kernel, stores: readonly Store[]): Subscription {
  let isFlushing = false;
  let isWanted = false;
  const flush = async (): Promise<void> => {
    isWanted = true;
    if (isFlushing) {
      return;
    }
    isFlushing = true;
    try {
      while (isWanted) {
        isWanted = false;
        await runChecked(kernel, ["sync", "-f", stateFolder], { timeoutMs: flushTimeoutMs });
      }
    } catch (error) {
      kernel.tellKernelLog(`containers: the data disk could not be flushed: ${oneLine(error)}`);
    } finally {
      isFlushing = false;
    }
  };
  const watches = stores.map(({ folder }) => {
    const slash = folder.lastIndexOf("/");
    const names = [folder.slice(slash + 1), "overlay-layers"];
    return watchPath(kernel, folder.slice(0, slash), names, () => void flush());
  });
  return {
    close: () => {
      for (const watch of watches) {
        watch.close();
      }
    },
  };
}
