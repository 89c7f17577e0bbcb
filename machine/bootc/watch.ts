import { watch } from "node:fs";
import { basename } from "node:path";
import { MachineError } from "../error/machine-error.ts";
import { buildInGuest } from "./build.ts";
import { removeBootc } from "./end.ts";
import { waitForSsh } from "./reach.ts";
import { type BootcHost, type RunningBootc, type RunWish, runBootc } from "./run.ts";

/** An editor writes several files, or one in several steps: they are one change when no more comes for so long. */
const settledMs = 300;

/** What `bootc watch` tells of. */
export interface WatchTold {
  /** A machine of the newest build answers on SSH, so long after the change that it shows. */
  reached(machine: RunningBootc, afterMs: number): void;
  /** Something failed; the next change is waited for. */
  failed(error: MachineError): void;
}

/**
 * Builds a folder's image, boots it ephemerally, and does so again after each change, until the signal aborts. The
 * machine of the build before runs until the new one is built.
 */
export async function watchFolder(
  bootc: BootcHost,
  folder: string,
  options: { file: string | undefined; wish: Omit<RunWish, "image">; signal: AbortSignal },
  told: WatchTold,
): Promise<void> {
  const tag = `localhost/watch-${imageName(basename(folder))}`;
  // It is needed again and again: whoever called stops it at the end.
  const lasting = { ...bootc, builder: { ...bootc.builder, release: () => Promise.resolve() } };
  const changes = changesIn(folder, options.signal);
  let current: RunningBootc | undefined;
  let changedMs = performance.now();
  try {
    while (!options.signal.aborted) {
      try {
        const { target } = await bootc.builder.get();
        const image = await buildInGuest(target, folder, tag, options.file);
        if (image !== current?.place.id) {
          const before = current;
          current = undefined;
          await remove(bootc, before);
          const machine = await runBootc(lasting, { ...options.wish, image });
          current = machine;
          const reached = waitForSsh(machine.place, machine.target, machine.accelerator);
          // Who ends this doesn't wait for it; it fails then, since its machine is removed.
          reached.catch(() => undefined);
          await Promise.race([reached, aborted(options.signal)]);
        }
        if (current !== undefined && !options.signal.aborted) {
          told.reached(current, performance.now() - changedMs);
        }
      } catch (error) {
        if (!(error instanceof MachineError)) {
          throw error;
        }
        told.failed(error);
      }
      changedMs = await changes.next();
    }
  } finally {
    changes.close();
    await remove(bootc, current);
  }
}

/** A name as images may have it. */
export function imageName(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "folder"
  );
}

async function remove(bootc: BootcHost, machine: RunningBootc | undefined): Promise<void> {
  if (machine !== undefined) {
    await removeBootc(bootc, machine.place, true);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Changes below a folder, those that come while nobody waits too. */
function changesIn(folder: string, signal: AbortSignal) {
  let lastMs: number | undefined;
  let wake: (() => void) | undefined;
  const watcher = watch(folder, { recursive: true }, () => {
    lastMs = performance.now();
    wake?.();
  });
  signal.addEventListener("abort", () => wake?.());
  return {
    /** When the next change came, once it is whole; at once when the signal aborts. */
    async next(): Promise<number> {
      for (;;) {
        if (signal.aborted) {
          return performance.now();
        }
        if (lastMs !== undefined && performance.now() - lastMs >= settledMs) {
          const changedMs = lastMs;
          lastMs = undefined;
          return changedMs;
        }
        await new Promise<void>((resolve) => {
          const timer = lastMs === undefined ? undefined : setTimeout(resolve, settledMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    close: () => watcher.close(),
  };
}
