import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { noHooksPath } from "../kernel/state-folder.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import { supervisorOf } from "../services/supervisor.ts";
import type { Stage } from "../stage/stage.ts";
import { loadBeside } from "./beside.ts";
import { loadedPath, onbootPath } from "./places.ts";

type Program = typeof import("./program.ts");

/**
 * Extensions that the boot loads, before anybody may want their programs; their services start in the background, and
 * those of what is loaded later. `write` takes the record again when services have started.
 */
export function extensionsStage(
  write: (record: StageRecord) => void,
  load: () => Promise<Program> = loadBeside,
): Stage {
  return {
    name: "extensions",
    needs: ["automount", "settings"],
    deadlineMs: 60_000,
    async run({ kernel, options, notes }) {
      const follow = followLoaded(kernel, load, write);
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
      follow();
      for (const line of problems) {
        kernel.tellKernelLog(`extensions: ${line}`);
      }
      return { result: "ok", message: [done.join(", ") || "none loaded", ...problems].join("; ") };
    },
  };
}

/** Watches what is in /usr; gives a function that looks at once. */
function followLoaded(
  kernel: Kernel,
  load: () => Promise<Program>,
  write: (record: StageRecord) => void,
): () => void {
  kernel.mkdir(loadedPath.slice(0, loadedPath.lastIndexOf("/")));
  let runner: ReturnType<Program["serviceRunner"]> | undefined;
  const follow = async () => {
    const startedMs = kernel.uptimeMs();
    const told = (result: StageRecord["result"], message: string, done: string[]) => {
      const durationMs = kernel.uptimeMs() - startedMs;
      const stage = "extension-services";
      write({ stage, result, startedMs, durationMs, observed: null, plan: null, done, message });
    };
    try {
      const { parse } = await import("smol-toml");
      runner ??= (await load()).serviceRunner(kernel, supervisorOf(kernel), parse);
      const { started, problems } = await runner.follow();
      if (started.length + problems.length > 0) {
        const lines = [...started.map((name) => `started ${name}`), ...problems];
        told(problems.length === 0 ? "ok" : "failed", lines.join("; "), started);
      }
    } catch (error) {
      told("failed", oneLine(error), []);
    }
  };
  const changed = () => {
    void follow();
  };
  kernel.watchFolder(loadedPath.slice(0, loadedPath.lastIndexOf("/")), changed);
  return changed;
}
