import { findStateMount, stateFolder } from "../../kernel/state-folder.ts";
import type { Stage } from "../../stage/stage.ts";

/** Lies on the data disk, whence "restart" gives a machine other random numbers than last time. */
const seedPath = `${stateFolder}/random-seed`;
const seedBytes = 512;

/**
 * Stirs what the last boot left into the kernel's random numbers, and leaves something for the next one, in
 * that order and before anybody else can use it, so that no seed is used twice.
 */
export const entropyStage: Stage = {
  name: "entropy",
  needs: ["automount"],
  deadlineMs: 5_000,
  async run({ kernel, notes }) {
    const isKept = findStateMount(kernel.mounts()) !== undefined;
    // What is no file is replaced.
    const isSeed = kernel.lstat(seedPath)?.kind === "file";
    const seed = isSeed ? kernel.readNoFollow(seedPath, seedBytes) : undefined;
    notes.observed = { isKept, seedBytes: seed?.length ?? 0 };
    if (!isKept) {
      return { result: "skipped", message: "no data disk to keep a seed on" };
    }
    if (seed !== undefined) {
      kernel.writePlain("/dev/urandom", seed);
    }
    const fresh = kernel.read("/dev/urandom", seedBytes);
    kernel.writeAtomic(seedPath, fresh, { mode: 0o600 });
    return { result: "ok", message: seed === undefined ? "seed made" : "seed used and renewed" };
  },
};
