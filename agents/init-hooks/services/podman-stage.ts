import { hasPodman } from "../../containers/podman-program.ts";
import { loadedPath } from "../../extensions/places.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Stage } from "../../stage/stage.ts";
import { podmanSocketPath } from "../watch/podman-socket.ts";

/**
 * Containers are served: `serve` makes somebody listen at podman's socket. Where there is no Podman it does so as soon
 * as an extension brings it.
 */
export function podmanStage(serve: () => void): Stage {
  return {
    name: "podman",
    needs: ["automount", "cgroups", "drop-ins", "bootsync", "clock", "extensions"],
    // Rules for forwarding are there before the first container, but nobody is kept waiting for them.
    hopes: { for: ["forwarding"], patienceMs: 10_000 },
    deadlineMs: 20_000,
    async run({ kernel }) {
      if (!hasPodman(kernel)) {
        serveWhenThere(kernel, serve);
        return { result: "skipped", message: "there is no Podman" };
      }
      kernel.mkdir("/run/podman", { mode: 0o700 });
      serve();
      await kernel.waitForPath(podmanSocketPath, { quietMs: 15_000 });
      return { result: "ok", message: podmanSocketPath };
    },
    async onFailure({ kernel }) {
      if (!hasPodman(kernel)) {
        return "there is no Podman";
      }
      serve();
      return "started without waiting for it";
    },
  };
}

function serveWhenThere(kernel: Kernel, serve: () => void): void {
  const folder = loadedPath.slice(0, loadedPath.lastIndexOf("/"));
  kernel.mkdir(folder);
  let isServed = false;
  const look = () => {
    if (!isServed && hasPodman(kernel)) {
      isServed = true;
      serve();
    }
  };
  kernel.watchFolder(folder, look);
  // One that came while it was looked for.
  look();
}
