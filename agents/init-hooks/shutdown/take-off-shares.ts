import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode, KernelError } from "../../kernel/kernel-error.ts";

/** What was written last may have to go over a slow network first. */
const flushTimeoutMs = 20_000;
const unmountTimeoutMs = 10_000;

export interface SharesOff {
  /** Mounts whose server doesn't answer. A sync(2) would wait for them without end. */
  dead: string[];
  /** One line each. */
  complaints: string[];
}

/**
 * Flushes and takes off what somebody else serves, all at the same time. By programs and with deadlines: a call into
 * a filesystem whose server is gone never ends, and nothing can end its process.
 */
export async function takeOffShares(
  kernel: Kernel,
  targets: readonly string[],
): Promise<SharesOff> {
  const off: SharesOff = { dead: [], complaints: [] };
  await Promise.all(
    targets.map(async (target) => {
      try {
        await run(kernel, off, ["sync", "-f", target], flushTimeoutMs);
        // Lazily: one that is still in use is taken off when init ends its last process.
        await run(kernel, off, ["umount", "-l", target], unmountTimeoutMs);
      } catch (error) {
        if (!hasCode(error, "ETIMEDOUT")) throw error;
        off.dead.push(target);
        off.complaints.push(
          `the share on ${target} doesn't answer: what was written there last may be lost`,
        );
      }
    }),
  );
  return off;
}

async function run(
  kernel: Kernel,
  off: SharesOff,
  argv: readonly string[],
  timeoutMs: number,
): Promise<void> {
  try {
    const { exitCode, stderr } = await kernel.run(argv, { timeoutMs });
    if (exitCode === 0) return;
    off.complaints.push(`${argv.join(" ")}: ${oneLine(stderr) || `status ${exitCode}`}`);
  } catch (error) {
    if (!(error instanceof KernelError) || hasCode(error, "ETIMEDOUT")) throw error;
    off.complaints.push(oneLine(error));
  }
}
