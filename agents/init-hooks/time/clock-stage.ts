import type { Stage } from "../../stage/stage.ts";
import { raiseClock, spanOfThisBoot } from "./earliest-time.ts";

/**
 * What the clock says before anybody has been asked for the time: by the hardware clock, which may show local time, and never
 * earlier than what is known to have been. `warn` is for people.
 */
export function clockStage(warn: (line: string) => void): Stage {
  return {
    name: "clock",
    // The zone may be set on the data disk, and what is written there tells a time.
    needs: ["settings"],
    deadlineMs: 10_000,
    async run({ kernel, options }) {
      const thisBoot = spanOfThisBoot(kernel);
      const local =
        options.hardwareClock === "local"
          ? await (await import("./local-clock.ts")).readAsLocal(kernel, options.timeZone)
          : undefined;
      const raised = raiseClock(kernel, thisBoot);
      if (raised !== undefined) {
        warn(raised);
      }
      const said = [local, raised].flatMap((line) => line ?? []);
      return { result: "ok", message: said.join("; ") || "as the machine's own" };
    },
  };
}
