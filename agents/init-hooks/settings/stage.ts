import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { listed } from "../../provision/model/listed.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Stage } from "../../stage/stage.ts";
import { nameLate } from "../hostname/stage.ts";

/**
 * Settings of the data disk, for all stages that come after; its record says where each setting came from. `readdress`
 * is called when all disks that the boot waits for are there, and gives the interfaces that one of them has changed.
 */
export function settingsStage(
  settings: Settings,
  warn: (line: string) => void,
  readdress: (kernel: Kernel, options: BootOptions) => Promise<readonly string[]>,
): Stage {
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
      const changed = await orReason(readdress(kernel, options));
      if (typeof changed === "string") {
        warn(`network: ${changed}`);
      } else if (changed.length > 0) {
        notes.done.push(`set the network of a NoCloud disk that came late: ${listed(changed)}`);
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

/** What comes of it, or why nothing does: no reason to fail for what only makes the machine more like it should be. */
async function orReason<T>(result: Promise<T>): Promise<T | string> {
  try {
    return await result;
  } catch (error) {
    return oneLine(error);
  }
}
