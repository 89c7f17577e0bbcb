import { findUser } from "../accounts/find-user.ts";
import { oneLine } from "../command/one-line.ts";
import { storesOf } from "../containers/stores/stores.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { noHooksPath } from "../kernel/state-folder.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import type { Stage } from "../stage/stage.ts";
import { type Managers, serveControl } from "./control/serve.ts";
import { followExtensionUnits } from "./extension-units.ts";
import { hasQuadletFiles } from "./generate/quadlet-folders.ts";
import type { ServiceManager } from "./run/manager.ts";
import type { SpecifierValues } from "./unit/specifiers.ts";

type Owner = SpecifierValues["user"];

/** Nothing that runs services is loaded before there are some, or somebody asks. */
export function openManagers(kernel: Kernel): Managers {
  const managers = new Map<number, Promise<ServiceManager>>();
  const open = async (user: Owner): Promise<ServiceManager> => {
    const { openManager } = await import("./run/manager.ts");
    const manager = openManager(kernel, user);
    await manager.reload();
    return manager;
  };
  return {
    of(user) {
      const found = managers.get(user.uid) ?? open(user);
      managers.set(user.uid, found);
      // The next who asks tries again.
      found.catch(() => managers.delete(user.uid));
      return found;
    },
    async stopAll() {
      const opened = await Promise.allSettled(managers.values());
      await Promise.all(
        opened.map((one) => (one.status === "fulfilled" ? one.value.stopAll() : undefined)),
      );
    },
  };
}

/** Answers root and the user about their services, from now on. */
export function serveServices(
  kernel: Kernel,
  userName: string,
): { owners: Owner[]; managers: Managers } {
  const owners = storesOf(findUser(kernel, userName)).map(({ owner }) => owner);
  const managers = openManagers(kernel);
  for (const owner of owners) {
    serveControl(kernel, owner, managers);
  }
  return { owners, managers };
}

/**
 * Services that Quadlet files describe, root's and the user's: asked for from now on, and those that belong to the boot
 * are started in the background. `write` takes the record again when that has ended. Root's are those of extensions
 * too, in a record of their own.
 */
export function quadletStage(write: (record: StageRecord) => void): Stage {
  return {
    name: "quadlet",
    needs: ["podman", "bootsync", "drop-ins"],
    hopes: { for: ["network"], patienceMs: 30_000 },
    deadlineMs: 5_000,
    async run({ kernel, options, notes }) {
      const { owners, managers } = serveServices(kernel, options.user);
      const hasGroups = options.cgroup !== "v1";
      for (const owner of owners.filter(({ uid }) => uid === 0)) {
        followExtensionUnits(kernel, { managers, owner, hasGroups, write });
      }
      const found = owners.filter((owner) => hasQuadletFiles(kernel, owner));
      notes.observed = { owners: found.map(({ name }) => name) };
      if (found.length === 0) {
        return { result: "skipped", message: "no Quadlet files" };
      }
      if (options.cgroup === "v1") {
        throw new Error("Quadlet files need cgroup v2: none of their services is started");
      }
      if (kernel.exists(noHooksPath)) {
        const how = "start them by hand, or boot with boot2podman.hooks=always";
        return {
          result: "skipped",
          message: `nothing of this data disk runs by itself, services neither: ${how}`,
        };
      }
      if (!options.autostart) {
        return { result: "skipped", message: "switched off" };
      }
      const startedMs = kernel.uptimeMs();
      void startAll(managers, found).then(({ result, message, done }) =>
        write({
          stage: "quadlet",
          result,
          startedMs,
          durationMs: kernel.uptimeMs() - startedMs,
          observed: notes.observed,
          plan: null,
          done,
          message,
        }),
      );
      return { result: "ok", message: "the services of Quadlet files are being started" };
    },
  };
}

/** Never rejects. */
async function startAll(
  managers: Managers,
  owners: readonly Owner[],
): Promise<Pick<StageRecord, "result" | "message" | "done">> {
  const results = await Promise.all(owners.map((owner) => startOf(managers, owner)));
  const started = results.flatMap((one) => one.started);
  const said = results.flatMap((one) => one.said);
  const lines = [
    started.length === 0 ? "nothing started" : `started ${started.join(", ")}`,
    ...said,
  ];
  return {
    result: said.length === 0 ? "ok" : "failed",
    message: lines.join("; "),
    done: started.map((name) => `start ${name}`),
  };
}

/** Never rejects. */
async function startOf(
  managers: Managers,
  owner: Owner,
): Promise<{ started: string[]; said: string[] }> {
  const whose = owner.uid === 0 ? "" : ` of ${owner.name}`;
  try {
    const manager = await managers.of(owner);
    const { done, failed, warnings } = await manager.startAtBoot();
    return {
      started: done.map((name) => `${name}${whose}`),
      said: [...manager.warnings, ...failed, ...warnings].map((line) => `${line}${whose}`),
    };
  } catch (error) {
    return { started: [], said: [`Quadlet files${whose}: ${oneLine(error)}`] };
  }
}
