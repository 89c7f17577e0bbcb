import type { Stage } from "../../stage/stage.ts";
import { podmanSocketPath } from "../watch/podman-socket.ts";

/** Containers are served: `serve` makes somebody listen at podman's socket. */
export function podmanStage(serve: () => void): Stage {
  return {
    name: "podman",
    needs: ["automount", "cgroups", "drop-ins", "bootsync", "clock", "extensions"],
    // Rules for forwarding are there before the first container, but nobody is kept waiting for them.
    hopes: { for: ["forwarding"], patienceMs: 10_000 },
    deadlineMs: 20_000,
    async run({ kernel }) {
      kernel.mkdir("/run/podman", { mode: 0o700 });
      serve();
      await kernel.waitForPath(podmanSocketPath, { quietMs: 15_000 });
      return { result: "ok", message: podmanSocketPath };
    },
    async onFailure() {
      serve();
      return "started without waiting for it";
    },
  };
}
