import { oneLine } from "../../command/one-line.ts";
import { orLate } from "../../kernel/deadline.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode, KernelError } from "../../kernel/kernel-error.ts";
import { meminfoBytes } from "../../kernel/meminfo.ts";
import type { RunResult } from "../../kernel/processes.ts";

/** A flush that gets nothing written for so long never ends. */
const flushPauseMs = 20_000;
/** Machine clients pull the plug 180 s after they asked for a shutdown. */
const flushTimeoutMs = 120_000;
const unmountTimeoutMs = 10_000;

/** Which shares are gone and which don't answer. */
export interface SharesOff {
  /** Mounts whose server doesn't answer. A sync(2) would wait for them without end. */
  dead: string[];
  /** One line each. */
  warnings: string[];
}

/**
 * Flushes and takes off what somebody else serves, all at the same time. By programs and with deadlines: a call into
 * a filesystem whose server is gone never ends, and nothing can end its process.
 */
export async function takeOffShares(
  kernel: Kernel,
  targets: readonly string[],
): Promise<SharesOff> {
  const off: SharesOff = { dead: [], warnings: [] };
  await Promise.all(
    targets.map(async (target) => {
      try {
        await settle(off, ["sync", "-f", target], (argv) => flush(kernel, argv));
        // Lazily: one that is still in use is taken off when init ends its last process.
        await settle(off, ["umount", "-l", target], (argv) =>
          kernel.run(argv, { timeoutMs: unmountTimeoutMs }),
        );
      } catch (error) {
        if (!hasCode(error, "ETIMEDOUT")) {
          throw error;
        }
        off.dead.push(target);
        off.warnings.push(
          `the share on ${target} doesn't answer: what was written there last may be lost`,
        );
      }
    }),
  );
  return off;
}

/** Waits for as long as something is being written: what goes over a slow network takes its time. */
async function flush(kernel: Kernel, argv: readonly string[]): Promise<RunResult> {
  const flushed = kernel.run(argv, { timeoutMs: flushTimeoutMs });
  for (let left = unwrittenBytes(kernel); ; ) {
    const result = await orLate(flushed, flushPauseMs, () => undefined);
    if (result !== undefined) {
      return result;
    }
    const now = unwrittenBytes(kernel);
    if (now >= left) {
      // Whatever becomes of it, nobody waits for it any more.
      flushed.catch(() => undefined);
      throw new KernelError("run", argv.join(" "), "ETIMEDOUT");
    }
    left = now;
  }
}

function unwrittenBytes(kernel: Kernel): number {
  const meminfo = kernel.readText("/proc/meminfo");
  return meminfoBytes(meminfo, "Dirty") + meminfoBytes(meminfo, "Writeback");
}

/** Warns of what a program failed at; throws only what its lateness throws. */
async function settle(
  off: SharesOff,
  argv: readonly string[],
  run: (argv: readonly string[]) => Promise<RunResult>,
): Promise<void> {
  try {
    const { exitCode, stderr } = await run(argv);
    if (exitCode === 0) {
      return;
    }
    off.warnings.push(`${argv.join(" ")}: ${oneLine(stderr) || `status ${exitCode}`}`);
  } catch (error) {
    if (!(error instanceof KernelError) || hasCode(error, "ETIMEDOUT")) {
      throw error;
    }
    off.warnings.push(oneLine(error));
  }
}
