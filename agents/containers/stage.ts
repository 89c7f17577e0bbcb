import { findUser } from "../accounts/find-user.ts";
import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { findStateMount } from "../kernel/state-folder.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import type { Stage } from "../stage/stage.ts";
import { readInUse, writeInUse } from "./in-use.ts";
import { keepFlushed } from "./keep-flushed.ts";
import { hasPodman } from "./podman-program.ts";
import { storesOf } from "./stores/stores.ts";

const agents = "/usr/lib/boot2podman/agents";
/** It reads what a boot has pulled and built; nobody waits for it. */
const checkTimeoutMs = 24 * 3_600_000;

/** Marks the data disk as in use, before anybody's Podman is, and has it flushed from now on when layers come. */
export const storesStage: Stage = {
  name: "stores",
  needs: ["automount"],
  deadlineMs: 10_000,
  async run({ kernel, options, notes }) {
    const mount = findStateMount(kernel.mounts());
    if (mount === undefined || mount.options.includes("ro")) {
      return { result: "skipped", message: "no data disk" };
    }
    const found = readInUse(kernel);
    notes.observed = { inUse: found ?? null };
    const state = found === undefined ? "open" : "unchecked";
    const inUse = { state, sinceMs: found?.sinceMs ?? kernel.nowMs() } as const;
    notes.plan = inUse;
    writeInUse(kernel, inUse);
    notes.done.push(`mark the data disk: ${state}`);
    keepFlushed(kernel, watchedStores(kernel, options.user));
    notes.done.push("flush the data disk when layers come");
    const message =
      found === undefined ? "clean shutdown" : "power cut: the last boot had no shutdown";
    return { result: "ok", message };
  },
};

/** Those whose folder is there: the user's comes with the data disk. */
function watchedStores(kernel: Kernel, userName: string) {
  const stores = storesOf(findUser(kernel, userName));
  return stores.filter(({ folder }) => kernel.exists(folder.slice(0, folder.lastIndexOf("/"))));
}

/**
 * After a pulled plug, and only then, what Podman lists is checked in the background, when the boot is done. `write`
 * takes the record again when that has ended.
 */
export function storeCheckStage(write: (record: StageRecord) => void): Stage {
  return {
    name: "store-check",
    needs: ["stores", "ready"],
    deadlineMs: 5_000,
    async run({ kernel, notes }) {
      const found = findStateMount(kernel.mounts()) === undefined ? undefined : readInUse(kernel);
      if (found?.state !== "unchecked") {
        return { result: "skipped", message: "no power cut" };
      }
      // The mark stays, for a boot with it.
      if (!hasPodman(kernel)) {
        return { result: "skipped", message: "there is no Podman, whose stores could be checked" };
      }
      notes.observed = found;
      const startedMs = kernel.uptimeMs();
      const plan = [agents, "check-stores", "--repair", "--since", String(found.sinceMs)];
      notes.plan = plan;
      void checkInBackground(kernel, plan).then(({ result, message }) =>
        write({
          stage: "store-check",
          result,
          startedMs,
          durationMs: kernel.uptimeMs() - startedMs,
          observed: found,
          plan,
          done: ["check the container stores"],
          message,
        }),
      );
      return { result: "ok", message: "after a power cut: the container stores are being checked" };
    },
  };
}

/** Never rejects. The mark stays for the next boot when the check itself fails. */
async function checkInBackground(
  kernel: Kernel,
  argv: readonly string[],
): Promise<Pick<StageRecord, "result" | "message">> {
  try {
    const { exitCode, stdout, stderr } = await kernel.run(argv, {
      timeoutMs: checkTimeoutMs,
      givesWay: true,
    });
    if (exitCode > 1 || stdout.trim() === "") {
      const why = oneLine(stderr) || `status ${exitCode}`;
      return { result: "failed", message: `the container stores could not be checked: ${why}` };
    }
    // Damage stays said until it is gone: the mark asks for the same check in the next boot.
    if (exitCode === 0) {
      writeInUse(kernel, { state: "open", sinceMs: kernel.nowMs() });
    }
    return {
      result: exitCode === 0 ? "ok" : "failed",
      message: `after a power cut: ${stdout.trim()}`,
    };
  } catch (error) {
    return {
      result: "failed",
      message: `the container stores could not be checked: ${oneLine(error)}`,
    };
  }
}
