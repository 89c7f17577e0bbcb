import { findUser } from "../accounts/find-user.ts";
import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { followEvents } from "./events/follow-events.ts";
import { keepHealthChecks } from "./health/health-checks.ts";
import { storesOf } from "./stores/stores.ts";

/**
 * What Podman leaves to systemd elsewhere: from now on health checks run, of root's containers and the user's. Costs
 * a watch on a file until a container has a check. Never throws.
 */
export function watchContainers(kernel: Kernel, userName: string): void {
  const health = keepHealthChecks(kernel);
  for (const { owner } of storesOf(findUser(kernel, userName))) {
    try {
      followEvents(kernel, owner, (events) => health.take(owner, events));
    } catch (error) {
      kernel.tellKernelLog(
        `health checks of ${owner.name}'s containers don't run: ${oneLine(error)}`,
      );
    }
  }
}
