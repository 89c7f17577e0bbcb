import { rootMode } from "../../kernel/root-mode.ts";
import type { Stage } from "../../stage/stage.ts";

const dropIn = "/etc/containers/containers.conf.d/50-embed.conf";
/** Podman's configuration for this boot: the kernel refuses pivot_root while / is its rootfs. */
export const containersStage: Stage = {
  name: "containers",
  needs: [],
  deadlineMs: 5_000,
  async run({ kernel, notes }) {
    const mode = rootMode(kernel.mounts());
    notes.observed = { mode };
    if (mode === "noembed") {
      return { result: "ok", message: "containers start through pivot_root" };
    }
    notes.plan = { dropIn };
    kernel.mkdir("/etc/containers/containers.conf.d");
    kernel.writeAtomic(dropIn, "[engine]\nno_pivot_root = true\n");
    return { result: "ok", message: "no_pivot_root, since the root is the kernel's own" };
  },
};
