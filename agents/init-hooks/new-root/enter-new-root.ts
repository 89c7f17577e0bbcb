import type { Kernel } from "../../kernel/kernel.ts";
import type { StageRecord } from "../../record/stages/stage-record.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import { prepareNewRoot } from "./prepare-new-root.ts";

/** How the initial RAM disk is left. */
export interface NewRootRequest {
  /** Folder of the initial RAM disk that becomes the root, unless it stays the root itself (embed). */
  newRoot: string;
  /** Where PID 1's shell waits for "ready ROOT" before it goes to that root too. */
  readyFifo: string | undefined;
}

/** The root that this process is in now, and what has to follow. */
export interface EnteredRoot {
  record: StageRecord;
  /** Lets PID 1 go on. Its switch_root moves the root to "/" while we are in it already. */
  tellReady(): void;
}

/**
 * Prepares the root and makes it this process's own. Everything that PID 1 needs there can be made between this
 * and `tellReady`.
 */
export function enterNewRoot(
  kernel: Kernel,
  options: BootOptions,
  { newRoot, readyFifo }: NewRootRequest,
): EnteredRoot {
  const { root, record } = prepareNewRoot(kernel, options, newRoot);
  // Out of reach from the new root.
  const fifo = readyFifo === undefined ? undefined : kernel.openWriter(readyFifo);
  if (root !== "/") {
    kernel.chroot(root);
  }
  return {
    record,
    tellReady() {
      fifo?.write(`ready ${root}\n`);
      fifo?.close();
    },
  };
}
