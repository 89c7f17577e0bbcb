import { followEvents } from "../../containers/events/follow-events.ts";
import { orLate } from "../../kernel/deadline.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";

/** With which status containers of one owner have ended, by Podman's events: who runs them is no child of ours. */
export interface Deaths {
  /** Resolves when that container has died, with its status. */
  of(containerId: string): Promise<number>;
  /** The same, or undefined when nothing is said of it in that time. */
  within(containerId: string, timeoutMs: number): Promise<number | undefined>;
  close(): void;
}

/** Containers whose end is remembered; the oldest are forgotten. */
const most = 1000;

/** Follows the events from now on; what is in their file already counts. */
export function followDeaths(kernel: Kernel, user: SpecifierValues["user"]): Deaths {
  const known = new Map<string, number>();
  const waiting = new Map<string, ((status: number) => void)[]>();
  let subscription: Subscription | undefined;
  subscription = followEvents(kernel, user, (events) => {
    for (const { id, status, exitCode } of events) {
      if (status !== "died" || exitCode === undefined) {
        continue;
      }
      known.set(id, exitCode);
      const [oldest] = known.keys();
      if (known.size > most && oldest !== undefined) {
        known.delete(oldest);
      }
      for (const tell of waiting.get(id) ?? []) {
        tell(exitCode);
      }
      waiting.delete(id);
    }
  });
  const of = (containerId: string): Promise<number> =>
    new Promise((resolve) => {
      const status = known.get(containerId);
      if (status !== undefined) {
        resolve(status);
        return;
      }
      waiting.set(containerId, [...(waiting.get(containerId) ?? []), resolve]);
    });
  return {
    of,
    within: (containerId, timeoutMs) =>
      orLate<number | undefined, undefined>(of(containerId), timeoutMs, () => undefined),
    close: () => subscription?.close(),
  };
}
