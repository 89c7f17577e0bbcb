import type { JsonObject } from "../../json/json.ts";
import { demultiplex } from "../rest/multiplexed.ts";
import type { Podman } from "../rest/podman.ts";
import { never } from "../translate/times.ts";
import { asked, containerId, type Methods, pathOf, podmanError } from "./methods.ts";

interface LogLine extends JsonObject {
  device: string;
  parseLogType: string;
  time: string;
  msg: string;
  cid: string;
}

interface Wanted {
  follow: boolean;
  since?: string | undefined;
  tail?: string | undefined;
  gone: AbortSignal;
}

/** What containers have printed. */
export function logMethods(podman: Podman): Methods {
  return {
    async GetContainerLogs({ parameters, gone, wantsMore, replyMore }) {
      const id = await containerId(podman, parameters.text("name"));
      const lines: string[] = [];
      for await (const line of linesOf(podman, id, { follow: wantsMore, gone })) {
        if (wantsMore) {
          await replyMore({ container: [`${line.msg}\n`] });
        } else {
          lines.push(`${line.msg}\n`);
        }
      }
      return { container: lines };
    },
    async GetContainersLogs({ parameters, gone, wantsMore, replyMore }) {
      if (!wantsMore) {
        throw podmanError("WantsMoreRequired", { reason: "lines come one by one" });
      }
      const since = parameters.text("since");
      const tail = parameters.integer("tail", -1);
      const wanted = {
        follow: parameters.flag("follow"),
        since: since === "" || since === never ? undefined : since,
        tail: tail < 0 ? undefined : String(tail),
        gone,
      };
      const names = parameters.flag("latest") ? [await latest(podman)] : parameters.texts("names");
      const ids = await Promise.all(names.map((name) => containerId(podman, name)));
      if (wanted.follow) {
        await Promise.all(ids.map((id) => replyAll(podman, id, wanted, replyMore)));
      } else {
        for (const id of ids) {
          await replyAll(podman, id, wanted, replyMore);
        }
      }
      return { log: { device: "", parseLogType: "", time: "", msg: "", cid: "" } };
    },
  };
}

async function replyAll(
  podman: Podman,
  id: string,
  wanted: Wanted,
  replyMore: (parameters: JsonObject) => Promise<void>,
): Promise<void> {
  for await (const log of linesOf(podman, id, wanted)) {
    await replyMore({ log });
  }
}

async function latest(podman: Podman): Promise<string> {
  const query = { last: 1 };
  const [found] = await podman.objects({ method: "GET", path: "/libpod/containers/json", query });
  if (found === undefined) {
    throw podmanError("ContainerNotFound", { id: "", reason: "there are no containers" });
  }
  return found.text("Id");
}

async function* linesOf(podman: Podman, id: string, wanted: Wanted): AsyncIterable<LogLine> {
  const { follow, since, tail, gone } = wanted;
  const query = { follow, since, tail, timestamps: true, stdout: true, stderr: true };
  const path = pathOf("containers", id, "logs");
  const response = await asked(
    "ContainerNotFound",
    id,
    podman.ask({ method: "GET", path, query, gone }),
  );
  // A line comes as a part of its own, with its end; without one when the container hasn't ended it.
  for await (const { isError, bytes } of demultiplex(response.parts())) {
    const text = new TextDecoder().decode(bytes);
    const space = text.indexOf(" ");
    const isWhole = text.endsWith("\n");
    yield {
      device: isError ? "stderr" : "stdout",
      parseLogType: isWhole ? "F" : "P",
      time: text.slice(0, Math.max(0, space)),
      msg: text.slice(space + 1, isWhole ? -1 : undefined),
      cid: id,
    };
  }
}
