import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import { findShares } from "./find-shares.ts";
import { mountShares } from "./mount-shares.ts";
import { planFor } from "./stage.ts";

/** Mounts what isn't mounted yet, after a device that offers shares was plugged in. Never rejects. */
export async function mountLateShares(kernel: Kernel, options: BootOptions): Promise<void> {
  try {
    const offered = await findShares(kernel);
    // What is asked for but not there was warned about at boot.
    const names = new Set(offered.map(({ name }) => name));
    const wanted = options.shares.wanted.filter(({ name }) => names.has(name));
    const plan = await planFor(kernel, offered, { ...options.shares, wanted }, options.user);
    const done: string[] = [];
    const failures = await mountShares(kernel, plan.mounts, done);
    const warnings = [...plan.warnings, ...failures];
    for (const line of [...done, ...warnings]) {
      kernel.tellKernelLog(line);
    }
    for (const line of warnings) {
      kernel.tellConsole(line);
    }
  } catch (error) {
    kernel.tellKernelLog(`shares: ${oneLine(error)}`);
  }
}
