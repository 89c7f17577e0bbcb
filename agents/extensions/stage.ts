import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { noHooksPath } from "../kernel/state-folder.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import { supervisorOf } from "../services/supervisor.ts";
import type { Stage } from "../stage/stage.ts";
import { loadBeside } from "./beside.ts";
import { loadedPath, onbootPath } from "./places.ts";

type Program = typeof import("./program.ts");

/** Where the image has services of its own, which few have. */
const ownServices = "/usr/lib/boot2podman/services";

/** Whether the image itself has services; to be asked before an extension is loaded. */
export function hasOwnServices(kernel: Kernel): boolean {
  return kernel.exists(ownServices);
}

/**
 * Extensions that the boot loads, before anybody may want their programs; their services start in the background, and
 * those of what is loaded later. Then those of the image itself, if it has some. `write` takes the record again when
 * services have started.
 */
export function extensionStages(
  write: (record: StageRecord) => void,
  withOwnServices: boolean,
  load: () => Promise<Program> = loadBeside,
): Stage[] {
  const follower = openFollower(load, write);
  const ofImage: Stage = {
    name: "image-services",
    needs: ["extensions", "mounts", "cgroups", "hostname", "bootsync", "drop-ins", "clock"],
    hopes: { for: ["forwarding"], patienceMs: 10_000 },
    deadlineMs: 20_000,
    async run({ kernel }) {
      follower.withImage = true;
      follower.follow(kernel);
      return { result: "ok", message: "being started" };
    },
  };
  return [extensionsStage(follower, load), ...(withOwnServices ? [ofImage] : [])];
}

function extensionsStage(follower: Follower, load: () => Promise<Program>): Stage {
  return {
    name: "extensions",
    needs: ["automount", "settings"],
    deadlineMs: 60_000,
    async run({ kernel, options, notes }) {
      follower.watch(kernel);
      const isListed = kernel.lstat(onbootPath) !== undefined;
      const isDiskLeftOut = kernel.exists(noHooksPath);
      if (!options.cde && (!isListed || isDiskLeftOut)) {
        const message = isListed
          ? "nothing of this data disk runs by itself: boot2podman extension load NAME"
          : "no onboot.lst";
        return { result: "skipped", message };
      }
      const program = await load();
      const { done, problems } = await program.loadAtBoot(kernel, {
        hasMedium: options.cde,
        isDiskLeftOut,
      });
      notes.done = done.map((name) => `load ${name}`);
      follower.follow(kernel);
      for (const line of problems) {
        kernel.tellKernelLog(`extensions: ${line}`);
      }
      return { result: "ok", message: [done.join(", ") || "none loaded", ...problems].join("; ") };
    },
  };
}

/** Looks at what is in /usr, and runs its services. */
interface Follower {
  /** Whether those of the image itself are to run too. */
  withImage: boolean;
  /** Looks whenever what is loaded changes, from now on. */
  watch(kernel: Kernel): void;
  /** Looks now, in the background. */
  follow(kernel: Kernel): void;
}

function openFollower(
  load: () => Promise<Program>,
  write: (record: StageRecord) => void,
): Follower {
  let runner: ReturnType<Program["serviceRunner"]> | undefined;
  const look = async (kernel: Kernel) => {
    const startedMs = kernel.uptimeMs();
    const told = (result: StageRecord["result"], message: string, done: string[]) => {
      const durationMs = kernel.uptimeMs() - startedMs;
      const stage = "extension-services";
      write({ stage, result, startedMs, durationMs, observed: null, plan: null, done, message });
    };
    try {
      const { parse } = await import("smol-toml");
      runner ??= (await load()).serviceRunner(kernel, supervisorOf(kernel), parse);
      const { started, problems } = await runner.follow(follower.withImage);
      if (started.length + problems.length > 0) {
        const lines = [...started.map((name) => `started ${name}`), ...problems];
        told(problems.length === 0 ? "ok" : "failed", lines.join("; "), started);
      }
    } catch (error) {
      told("failed", oneLine(error), []);
    }
  };
  const follower: Follower = {
    withImage: false,
    watch(kernel) {
      const folder = loadedPath.slice(0, loadedPath.lastIndexOf("/"));
      kernel.mkdir(folder);
      kernel.watchFolder(folder, () => follower.follow(kernel));
    },
    follow(kernel) {
      void look(kernel);
    },
  };
  return follower;
}
