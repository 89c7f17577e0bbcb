import type { Command } from "commander";
import { lazyBuilder } from "../bootc/builder.ts";
import { cacheFolder } from "../bootc/place.ts";
import type { BootcHost } from "../bootc/run.ts";
import { defaultName } from "../store/name.ts";
import type { Context } from "./context.ts";
import { defaultSettings } from "./create-qemu.ts";

/** What bootc's commands get. */
export interface BootcContext extends Context {
  /** Does work with the machine that has the images; it is stopped afterwards when it was started for that. */
  withBootc<T>(work: (bootc: BootcHost) => Promise<T>): Promise<T>;
}

/** The context of the commands below `bootc`. */
export function bootcContext(context: Context, bootc: Command): BootcContext {
  return {
    ...context,
    async withBootc(work) {
      const { report, ...rest } = context.host();
      // What a command in a machine prints is all that goes to standard output.
      const host = {
        ...rest,
        report: {
          ...report,
          line: (text: string) => context.terminal.error(text),
          stage: () => undefined,
        },
      };
      const { machine } = bootc.opts<{ machine?: string }>();
      const active = context.person.environment.PODMAN_MACHINE_NAME;
      const name = machine ?? (active || defaultName);
      const builder = lazyBuilder(host, name, {
        driver: "qemu",
        labels: [],
        rootful: true,
        connection: true,
        settings: defaultSettings,
      });
      try {
        return await work({ host, cache: cacheFolder(context.person), builder });
      } finally {
        await builder.release();
      }
    },
  };
}
