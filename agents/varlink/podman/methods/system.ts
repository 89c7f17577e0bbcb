import { Fields } from "../../json/json.ts";
import type { Podman } from "../rest/podman.ts";
import { timeText } from "../translate/times.ts";
import { filtersText, type Methods, pathOf, podmanError } from "./methods.ts";

/** The version of this interface, which was never another. */
const remoteApiVersion = 1;

/** What Podman is, and what happens to it. */
export function systemMethods(podman: Podman): Methods {
  return {
    async GetVersion() {
      const version = await podman.object({ method: "GET", path: "/libpod/version" });
      return {
        version: version.text("Version"),
        go_version: version.text("GoVersion"),
        git_commit: version.text("GitCommit"),
        built: version.text("BuildTime"),
        os_arch: `${version.text("Os")}/${version.text("Arch")}`,
        remote_api_version: remoteApiVersion,
      };
    },
    async GetInfo() {
      const info = await podman.object({ method: "GET", path: "/libpod/info" });
      return { info: infoOf(info) };
    },
    async GetEvents(call) {
      const { parameters, gone, wantsMore } = call;
      if (!wantsMore) {
        throw podmanError("WantsMoreRequired", { reason: "events come one by one" });
      }
      const query = {
        stream: true,
        since: parameters.text("since") || undefined,
        until: parameters.text("until") || undefined,
        filters: filtersText(parameters.texts("filter")),
      };
      for await (const event of podman.lines({
        method: "GET",
        path: "/libpod/events",
        query,
        gone,
      })) {
        await call.replyMore({ events: eventOf(event) });
      }
      return { events: eventOf(new Fields({})) };
    },
    async Diff({ parameters }) {
      const name = parameters.text("name");
      const isContainer = await podman.exists(pathOf("containers", name, "exists"));
      const path = pathOf(isContainer ? "containers" : "images", name, "changes");
      const changes = await podman.objects({ method: "GET", path });
      return {
        diffs: changes.map((change) => ({
          path: change.text("Path"),
          changeType: ["C", "A", "D"][change.integer("Kind")] ?? "",
        })),
      };
    },
  };
}

function infoOf(info: Fields) {
  const host = info.object("host");
  const store = info.object("store");
  const status = store.object("graphStatus");
  const version = info.object("version");
  const distribution = host.object("distribution");
  return {
    host: {
      buildah_version: host.text("buildahVersion"),
      distribution: {
        distribution: distribution.text("distribution"),
        version: distribution.text("version"),
      },
      mem_free: host.integer("memFree"),
      mem_total: host.integer("memTotal"),
      swap_free: host.integer("swapFree"),
      swap_total: host.integer("swapTotal"),
      arch: host.text("arch"),
      cpus: host.integer("cpus"),
      hostname: host.text("hostname"),
      kernel: host.text("kernel"),
      os: host.text("os"),
      uptime: host.text("uptime"),
      eventlogger: host.text("eventLogger"),
    },
    registries: {
      search: info.object("registries").texts("search"),
      insecure: registriesThat(info, "Insecure"),
      blocked: registriesThat(info, "Blocked"),
    },
    store: {
      containers: store.object("containerStore").integer("number"),
      images: store.object("imageStore").integer("number"),
      graph_driver_name: store.text("graphDriverName"),
      graph_driver_options: JSON.stringify(store.raw("graphOptions") ?? {}),
      graph_root: store.text("graphRoot"),
      graph_status: {
        backing_filesystem: status.text("Backing Filesystem"),
        native_overlay_diff: status.text("Native Overlay Diff"),
        supports_d_type: status.text("Supports d_type"),
      },
      run_root: store.text("runRoot"),
    },
    podman: {
      compiler: "gc",
      go_version: version.text("GoVersion"),
      podman_version: version.text("Version"),
      git_commit: version.text("GitCommit"),
    },
  };
}

/** Registries of registries.conf that are blocked, or reached without TLS. */
function registriesThat(info: Fields, property: string): string[] {
  const registries = info.object("registries");
  return Object.keys(registries.value).filter((name) => registries.object(name).flag(property));
}

/** What Podman calls otherwise over Docker's form of events. */
const statuses: Readonly<Record<string, string>> = { die: "died", delete: "remove" };

function eventOf(event: Fields) {
  const actor = event.object("Actor");
  const attributes = actor.object("Attributes");
  const status = event.text("Action") || event.text("status");
  const time = event.number("timeNano") / 1e9 || event.number("time");
  return {
    id: actor.text("ID"),
    image: attributes.text("image"),
    name: attributes.text("name"),
    status: statuses[status] ?? status,
    time: time > 0 ? timeText(time) : "",
    type: event.text("Type"),
  };
}
