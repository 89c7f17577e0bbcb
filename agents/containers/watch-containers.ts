import { findUser } from "../accounts/find-user.ts";
import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { clearContainerHealth } from "../record/container-health.ts";
import { followEvents } from "./events/follow-events.ts";
import { keepHealthChecks } from "./health/health-checks.ts";
import { keepStopped } from "./restart/stopped.ts";
import { storesOf } from "./stores/stores.ts";

/**
 * What Podman leaves to systemd elsewhere, for root's containers and the user's: from now on health checks run, and
 * it is noted who was stopped and is to stay so. Costs a watch on a file until a container has a check. Never throws.
 */
export function watchContainers(kernel: Kernel, userName: string): void {
  clearContainerHealth(kernel);
  const health = keepHealthChecks(kernel);
  const stopped = keepStopped(kernel);
  for (const { owner } of storesOf(findUser(kernel, userName))) {
    try {
      followEvents(kernel, owner, (events) => {
        health.take(owner, events);
        stopped.take(owner, events);
      });
    } catch (error) {
      kernel.tellKernelLog(
        `events of ${owner.name}'s containers can't be watched: ${oneLine(error)}`,
      );
    }
  }
}
