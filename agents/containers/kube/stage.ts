import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import { noHooksPath, stateFolder } from "../../kernel/state-folder.ts";
import type { StageRecord } from "../../record/stages/stage-record.ts";
import type { Stage } from "../../stage/stage.ts";

/** Manifests of Kubernetes, which root's Podman plays at boot. */
export const kubeFolder = `${stateFolder}/kube`;
/** Images may have to be pulled. */
const timeoutMs = { quietMs: 600_000, mostMs: 24 * 3_600_000 };

/**
 * Plays the manifests of the data disk in the background, one after the other; what an earlier boot made of them is
 * replaced. `write` takes the record again when that has ended.
 */
export function kubeStage(write: (record: StageRecord) => void): Stage {
  return {
    name: "kube",
    needs: ["podman", "bootsync", "drop-ins"],
    hopes: { for: ["network"], patienceMs: 30_000 },
    deadlineMs: 5_000,
    async run({ kernel, options, notes }) {
      const files = kernel.listNoFollow(kubeFolder).filter((name) => /\.ya?ml$/.test(name));
      notes.observed = { files };
      if (files.length === 0) {
        return { result: "skipped", message: "no manifests" };
      }
      if (kernel.exists(noHooksPath)) {
        return { result: "skipped", message: "nothing of this data disk runs by itself" };
      }
      if (!options.autostart) {
        return { result: "skipped", message: "switched off" };
      }
      const startedMs = kernel.uptimeMs();
      void playAll(kernel, files).then(({ done, problems }) =>
        write({
          stage: "kube",
          result: problems.length === 0 ? "ok" : "failed",
          startedMs,
          durationMs: kernel.uptimeMs() - startedMs,
          observed: notes.observed,
          plan: null,
          done,
          message: [...done, ...problems].join("; "),
        }),
      );
      return { result: "ok", message: `being played: ${files.join(", ")}` };
    },
  };
}

/** Never rejects. */
async function playAll(
  kernel: Kernel,
  files: readonly string[],
): Promise<{ done: string[]; problems: string[] }> {
  const done: string[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const path = `${kubeFolder}/${file}`;
    try {
      if (kernel.lstat(path)?.kind !== "file") {
        throw new Error("it is no file");
      }
      await runChecked(kernel, ["podman", "kube", "play", "--replace", path], { timeoutMs });
      done.push(`played ${file}`);
    } catch (error) {
      problems.push(`${file}: ${oneLine(error)}`);
    }
  }
  return { done, problems };
}
