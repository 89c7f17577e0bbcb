import type { Settings } from "../../settings/settings.ts";
import type { Stage } from "../../stage/stage.ts";
import { nameLate } from "../hostname/stage.ts";

/** Settings of the data disk, for all stages that come after; its record says where each setting came from. */
export function settingsStage(settings: Settings, warn: (line: string) => void): Stage {
  return {
    name: "settings",
    needs: ["automount"],
    deadlineMs: 5_000,
    async run({ kernel, options, notes }) {
      for (const warning of await settings.readFile(kernel, "data disk")) {
        warn(warning);
      }
      // Before the hostname's own stage it does no harm: that one comes to the same name.
      const warning = await nameLate(kernel, options);
      if (warning !== undefined) {
        warn(`hostname: ${warning}`);
      }
      const { settings: shown, warnings } = settings.resolved();
      notes.observed = { settings: shown };
      const count = shown.length === 1 ? "1 setting" : `${shown.length} settings`;
      return {
        result: "ok",
        message: [`${count} of this machine's own`, ...warnings].join("; "),
      };
    },
  };
}
