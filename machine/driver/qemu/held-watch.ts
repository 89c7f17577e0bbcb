import type { MachinePlace } from "../../store/machines.ts";
import { decideState, lookAtQemu } from "./state.ts";

/** How often QEMU is asked, and how long it may take: one that emulates answers late, and nobody waits for it. */
const askEveryMs = 5000;
const monitorTimeoutMs = 5000;

/**
 * Watches for a guest that QEMU holds, as on a full disk of the host: it doesn't boot on. The function gives what holds
 * it as far as is known, at once; it throws what kept QEMU from being asked, other than its silence.
 */
export function watchHeld(place: MachinePlace): () => string | undefined {
  let found: { holds: string | undefined } | { error: unknown } = { holds: undefined };
  let isAsking = false;
  let askedMs = performance.now();
  const ask = async () => {
    const facts = await lookAtQemu(place.files, monitorTimeoutMs);
    return facts.monitor.kind === "answers" ? decideState(place, facts).error : undefined;
  };
  const keep = (next: typeof found) => {
    found = next;
    isAsking = false;
    askedMs = performance.now();
  };
  return () => {
    if ("error" in found) {
      throw found.error;
    }
    if (!isAsking && performance.now() - askedMs > askEveryMs) {
      isAsking = true;
      ask().then(
        (holds) => keep({ holds }),
        (error: unknown) => keep({ error }),
      );
    }
    return found.holds;
  };
}
