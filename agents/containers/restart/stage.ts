import { findUser } from "../../accounts/find-user.ts";
import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { StageRecord } from "../../record/stages/stage-record.ts";
import type { Stage } from "../../stage/stage.ts";
import { type Store, storesOf } from "../stores/stores.ts";
import { hasContainers, startContainers } from "./start-containers.ts";

/**
 * Containers whose restart policy says so come back, root's and the user's, in the background. `write` takes the
 * record again when that has ended.
 */
export function autostartStage(write: (record: StageRecord) => void): Stage {
  return {
    name: "autostart",
    needs: ["podman", "bootsync"],
    hopes: { for: ["network"], patienceMs: 30_000 },
    deadlineMs: 5_000,
    async run({ kernel, options, notes }) {
      if (!options.autostart) {
        return { result: "skipped", message: "switched off" };
      }
      const stores = storesOf(findUser(kernel, options.user)).filter((store) =>
        hasContainers(kernel, store),
      );
      const owners = stores.map(({ owner }) => owner.name);
      notes.observed = { owners };
      if (stores.length === 0) {
        return { result: "skipped", message: "no containers" };
      }
      const startedMs = kernel.uptimeMs();
      void startAll(kernel, stores).then(({ result, message, done }) =>
        write({
          stage: "autostart",
          result,
          startedMs,
          durationMs: kernel.uptimeMs() - startedMs,
          observed: { owners },
          plan: null,
          done,
          message,
        }),
      );
      return { result: "ok", message: "containers with a restart policy are being started" };
    },
  };
}

/** Never rejects. */
async function startAll(
  kernel: Kernel,
  stores: readonly Store[],
): Promise<Pick<StageRecord, "result" | "message" | "done">> {
  const results = await Promise.all(stores.map((store) => startOf(kernel, store)));
  const started = results.flatMap((result) => result.started);
  const failed = results.flatMap((result) => result.failed);
  const said = [
    ...(started.length === 0 ? [] : [`started ${started.join(", ")}`]),
    ...(failed.length === 0 ? [] : [`could not start ${failed.join(", ")}`]),
  ];
  return {
    result: failed.length === 0 ? "ok" : "failed",
    message: said.join("; ") || "nothing to start",
    done: started.map((name) => `start ${name}`),
  };
}

/** Never rejects. */
async function startOf(
  kernel: Kernel,
  store: Store,
): Promise<{ started: string[]; failed: string[] }> {
  const whose = store.owner.uid === 0 ? "" : ` of ${store.owner.name}`;
  try {
    const { started, failed } = await startContainers(kernel, store);
    return {
      started: started.map(({ name }) => `${name}${whose}`),
      failed: failed.map(({ container, why }) => `${container.name}${whose} (${why})`),
    };
  } catch (error) {
    return { started: [], failed: [`those of ${store.owner.name} (${oneLine(error)})`] };
  }
}
