import { runChecked } from "../../kernel/run-checked.ts";
import type { Stage } from "../../stage/stage.ts";

/** The first boot of an upgrade came up: from now on it is the version that is booted. */
export const triedStage: Stage = {
  name: "upgrade",
  needs: ["ready"],
  deadlineMs: 60_000,
  run: async ({ kernel }) => ({
    result: "ok",
    message: (await runChecked(kernel, ["boot2podman", "upgrade", "--confirm"])).trim(),
  }),
};
