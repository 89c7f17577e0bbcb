import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { findStateMount } from "../../kernel/state-folder.ts";
import type { Ignited } from "../../provision/ignition/program.ts";
import type { Stage } from "../../stage/stage.ts";
import { ownHome, place, rebind } from "../folders/stage.ts";

/** Files, folders and links of an Ignition config, when the data disk is there; /home is on it from here on. */
export function ignitionStage(ignited: Ignited): Stage {
  return {
    name: "ignition",
    needs: ["automount", "settings", "drop-ins", "mounts"],
    settled: ["automount"],
    deadlineMs: 20_000,
    async run({ kernel, options, notes }) {
      notes.plan = ignited.plan.entries.map(({ kind, path }) => `${kind} ${path}`);
      const disk = options.homePartition === undefined ? dataDisk(kernel) : undefined;
      if (disk !== undefined) {
        place(kernel, disk, "home");
        for (const name of [options.user, ...ignited.plan.others.map((other) => other.name)]) {
          ownHome(kernel, disk, name);
        }
        notes.done.push(`bind ${disk}/home on /home`);
      }
      const { done, message, warnings } = ignited.makeEntries({
        rebind: (folder, lay) => rebind(kernel, folder, lay),
      });
      notes.done.push(...done);
      // What the config has for systemd-tmpfiles, and what the client left there since.
      const { exitCode, stderr } = await kernel.run(["systemd-tmpfiles", "--create"]);
      if (exitCode !== 0 || stderr !== "") {
        warnings.push(`systemd-tmpfiles: ${oneLine(stderr) || `status ${exitCode}`}`);
      }
      return { result: "ok", message: [message, ...warnings].join("; ") };
    },
  };
}

/** Where the whole data disk is mounted. */
function dataDisk(kernel: Kernel): string | undefined {
  const mounts = kernel.mounts();
  const state = findStateMount(mounts);
  return mounts.find(({ device, root }) => device === state?.device && root === "/")?.target;
}
