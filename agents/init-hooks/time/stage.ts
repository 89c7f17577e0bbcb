import { orLate } from "../../kernel/deadline.ts";
import type { Stage } from "../../stage/stage.ts";

const patienceMs = 6_000;

/**
 * The time zone, and the clock: from now on it is kept right. Nothing waits for it, and it waits for all that
 * people wait for: a machine's clock is nearly always right to the second when it starts.
 */
export function timeStage(onPause: () => void): Stage {
  return {
    name: "time",
    needs: ["ready", "settings"],
    deadlineMs: 15_000,
    async run({ kernel, options, notes }) {
      const { keepTime } = await import("./keep-time.ts");
      const { findHypervisorClock } = await import("./sources.ts");
      const { setTimeZone } = await import("./time-zone.ts");
      notes.observed = { hypervisorClock: findHypervisorClock(kernel) ?? null };
      const zone = setTimeZone(kernel, options.timeZone);
      const { first } = keepTime(kernel, { servers: options.timeServers, onPause });
      const clock = await orLate(first, patienceMs, () => "no time server has answered yet");
      return { result: "ok", message: [clock, zone].filter((part) => part !== "").join("; ") };
    },
  };
}
