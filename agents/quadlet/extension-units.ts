import { dirname } from "node:path";
import { oneLine } from "../command/one-line.ts";
import { loadedPath } from "../extensions/places.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import type { Managers } from "./control/serve.ts";
import { hasExtensionUnits } from "./generate/extension-units.ts";
import type { SpecifierValues } from "./unit/specifiers.ts";

/** What following needs beside the kernel. */
export interface Following {
  managers: Managers;
  /** Whose services they are: root's. */
  owner: SpecifierValues["user"];
  /** Whether services can have groups of their own: not with cgroup v1. */
  hasGroups: boolean;
  /** Takes the record "extension-units" whenever something was started, or couldn't be. */
  write(record: StageRecord): void;
}

/**
 * Runs the services of systemd's that loaded extensions bring, in the background, and follows whenever what is loaded
 * changes.
 */
export function followExtensionUnits(
  kernel: Kernel,
  { managers, owner, hasGroups, write }: Following,
): void {
  let hadUnits = false;
  let last: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    const startedMs = kernel.uptimeMs();
    const told = (result: StageRecord["result"], lines: readonly string[], done: string[]) => {
      const durationMs = kernel.uptimeMs() - startedMs;
      const [stage, message] = ["extension-units", lines.join("; ")];
      write({ stage, result, startedMs, durationMs, observed: null, plan: null, done, message });
    };
    try {
      if (!hasExtensionUnits(kernel) && !hadUnits) {
        return;
      }
      hadUnits = true;
      if (!hasGroups) {
        throw new Error("systemd's units of extensions need cgroup v2: none is started");
      }
      const manager = await managers.of(owner);
      const { done, failed, warnings } = await manager.followExtensions();
      const said = [...manager.warnings, ...failed, ...warnings];
      const started = done.map((name) => `started ${name}`);
      if (started.length + said.length > 0) {
        told(said.length === 0 ? "ok" : "failed", [...started, ...said], [...done]);
      }
    } catch (error) {
      told("failed", [oneLine(error)], []);
    }
  };
  const folder = dirname(loadedPath);
  kernel.mkdir(folder);
  kernel.watchFolder(folder, () => {
    last = last.then(look);
  });
  last = look();
}
