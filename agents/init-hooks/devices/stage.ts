import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import { makeNodes } from "../../modules/make-nodes.ts";
import type { ModuleLoader } from "../../modules/module-loader.ts";
import type { Stage } from "../../stage/stage.ts";
import { findModaliases } from "./find-modaliases.ts";

/** A driver brings devices that need another: controller, disk, partition… */
const mostRounds = 6;
/** Two that load modules at the same time find each other's half done. */
const headStartTimeout = { quietMs: 30_000 };
/** What a plain script would do; each call of modprobe reads all of the index, so there is only one. */
const plainColdplug =
  "find /sys/devices -name modalias -exec cat {} + | sort -u | xargs modprobe -q -a -b";

/** What the stage shares with the resident agent, which serves devices that come later. */
export interface DeviceParts {
  loader: ModuleLoader;
  /** Devices that have been looked at. */
  seen: Set<string>;
  /**
   * File that appears in /dev when whoever started us has loaded the modules that it could: it did so while
   * this program was starting. Undefined when nobody has.
   */
  headStart: string | undefined;
  /** Called when those that are here are served: what comes later is somebody else's. */
  watchDevices: () => void;
}

/** Modules for all devices that are there when the machine starts (coldplug), and nodes for lazy ones. */
export function devicesStage({ loader, seen, headStart, watchDevices }: DeviceParts): Stage {
  return {
    name: "devices",
    needs: [],
    deadlineMs: 60_000,
    async run({ kernel, notes }) {
      notes.done.push(...makeNodes(kernel));
      if (headStart !== undefined) {
        await passHeadStart(kernel, headStart, notes.done);
      }
      const rounds = await coldplug(kernel, loader, seen, isOpticalDrive);
      watchDevices();
      notes.observed = { modaliases: rounds.map((round) => round.modaliases) };
      notes.plan = rounds.map((round) => round.modules);
      const count = rounds.reduce((sum, { modules }) => sum + modules.length, 0);
      return { result: "ok", message: `${count} modules in ${rounds.length} rounds` };
    },
    async onFailure({ kernel }) {
      await kernel.run(["sh", "-c", plainColdplug]);
      watchDevices();
      return "modules loaded by a single call of modprobe";
    },
  };
}

/** As waitForHeadStart, and takes the file away. */
async function passHeadStart(kernel: Kernel, path: string, done: string[]): Promise<void> {
  const late = await waitForHeadStart(kernel, path);
  if (late === undefined) {
    kernel.unlink(path);
  }
  done.push(late ?? "the modules loaded by /init are there");
}

/**
 * Waits until nobody else loads modules, so that what they find is there then; see DeviceParts. Gives what is to be said
 * where nothing moves any more and it isn't over.
 */
export async function waitForHeadStart(kernel: Kernel, path: string): Promise<string | undefined> {
  try {
    await kernel.waitForPath(path, headStartTimeout);
    return undefined;
  } catch (error) {
    if (!hasCode(error, "ETIMEDOUT")) {
      throw error;
    }
    return error.message;
  }
}

/**
 * SCSI type 5. Nothing of the boot needs one, and a disc takes its time; who watches devices loads its driver.
 */
function isOpticalDrive(modalias: string): boolean {
  return modalias.startsWith("scsi:t-0x05");
}

interface Round {
  modaliases: readonly string[];
  modules: readonly string[];
}

/** Looks for devices and loads their modules until no new device asks for one. */
export async function coldplug(
  kernel: Kernel,
  loader: ModuleLoader,
  seen: Set<string>,
  canWait?: (modalias: string) => boolean,
): Promise<Round[]> {
  const rounds: Round[] = [];
  while (rounds.length < mostRounds) {
    const modaliases = findModaliases(kernel, seen, canWait);
    const modules = await loader.loadFor(modaliases);
    rounds.push({ modaliases, modules });
    if (modules.length === 0) {
      break;
    }
  }
  return rounds;
}
