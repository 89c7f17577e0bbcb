import type { Fields, JsonObject } from "../../json/json.ts";
import type { Podman } from "../rest/podman.ts";
import { ociSpec, oldConfig, oldInspect, oldState } from "../translate/container-data.ts";
import { listContainer, psContainer, stateWord } from "../translate/container-lists.ts";
import {
  asked,
  containerId,
  errorOccurred,
  filtersText,
  inspectContainer,
  type Methods,
  pathOf,
} from "./methods.ts";

/** Lists of containers, and what they are. */
export function containerMethods(podman: Podman): Methods {
  const list = (query: Readonly<Record<string, string | number | boolean | undefined>>) =>
    podman.objects({
      method: "GET",
      path: "/libpod/containers/json",
      query: { namespace: true, ...query },
    });
  const whole = async (containers: readonly Fields[]) =>
    await Promise.all(
      containers.map(async (one) => {
        const hasMounts = one.list("Mounts").length > 0;
        const inspected = hasMounts ? await inspectContainer(podman, one.text("Id")) : undefined;
        return listContainer(one, inspected, podman.kernel.nowMs());
      }),
    );
  const inspected = async (name: string, form: (found: Fields) => JsonObject, size = false) =>
    JSON.stringify(form(await inspectContainer(podman, name, size)));
  const top = async (name: string, descriptors: readonly string[]) => {
    const path = pathOf("containers", name, "top");
    const query = { stream: false, ps_args: descriptors.join(",") || undefined };
    const found = await asked(
      "ContainerNotFound",
      name,
      podman.object({ method: "GET", path, query }),
    );
    return tableOf(found);
  };
  return {
    async ListContainers() {
      return { containers: await whole(await list({ all: true, size: true })) };
    },
    async Ps({ parameters }) {
      const opts = parameters.object("opts");
      const last = opts.flag("latest") ? 1 : opts.integer("last");
      const found = await list({
        all: opts.flag("all"),
        last: last > 0 ? last : undefined,
        size: opts.flag("size"),
        sync: opts.flag("sync"),
        filters: filtersText(opts.texts("filters")),
      });
      const sorted = sortedBy(found, opts.text("sort"));
      const nowMs = podman.kernel.nowMs();
      return { containers: sorted.map((one) => psContainer(one, nowMs, opts.flag("noTrunc"))) };
    },
    async GetContainersByStatus({ parameters }) {
      const wanted = parameters.texts("status");
      const all = await list({ all: true, size: true });
      const found = all.filter((one) => {
        const state = one.text("State");
        return wanted.includes(state) || wanted.includes(stateWord(state));
      });
      return { containerS: await whole(found) };
    },
    async GetContainer({ parameters }) {
      const id = await containerId(podman, parameters.text("id"));
      const found = await list({ all: true, size: true, filters: JSON.stringify({ id: [id] }) });
      const [container] = await whole(found);
      if (container === undefined) {
        throw errorOccurred(`container ${id} went while it was asked for`);
      }
      return { container };
    },
    async GetContainersByContext({ parameters }) {
      const names = parameters.texts("args");
      if (names.length > 0 && !parameters.flag("all") && !parameters.flag("latest")) {
        return { containers: await Promise.all(names.map((name) => containerId(podman, name))) };
      }
      const isLatest = parameters.flag("latest");
      if (!isLatest && !parameters.flag("all")) {
        return { containers: [] };
      }
      const found = await list(isLatest ? { last: 1 } : { all: true });
      return { containers: found.map((one) => one.text("Id")) };
    },
    async ContainerExists({ parameters }) {
      const path = pathOf("containers", parameters.text("name"), "exists");
      return { exists: (await podman.exists(path)) ? 0 : 1 };
    },
    async InspectContainer({ parameters }) {
      return { container: await inspected(parameters.text("name"), oldInspect, true) };
    },
    async ContainerInspectData({ parameters }) {
      const size = parameters.flag("size");
      return { config: await inspected(parameters.text("name"), oldInspect, size) };
    },
    async ContainerConfig({ parameters }) {
      return { config: await inspected(parameters.text("name"), oldConfig) };
    },
    async ContainerStateData({ parameters }) {
      return { config: await inspected(parameters.text("name"), oldState) };
    },
    async Spec({ parameters }) {
      return { config: await inspected(parameters.text("name"), ociSpec) };
    },
    async Top({ parameters }) {
      return { top: await top(parameters.text("nameOrID"), parameters.texts("descriptors")) };
    },
    async ListContainerProcesses({ parameters }) {
      const opts = parameters.texts("opts");
      return {
        container: await top(parameters.text("name"), opts.length > 0 ? opts : usualColumns),
      };
    },
    async ListContainerChanges({ parameters }) {
      const name = parameters.text("name");
      const path = pathOf("containers", name, "changes");
      const request = podman.objects({ method: "GET", path });
      const changes = await asked("ContainerNotFound", name, request);
      const of = (kind: number) =>
        changes.filter((one) => one.integer("Kind") === kind).map((one) => one.text("Path"));
      return { container: { changed: of(0), added: of(1), deleted: of(2) } };
    },
    async HealthCheckRun({ parameters }) {
      const name = parameters.text("nameOrID");
      const path = pathOf("containers", name, "healthcheck");
      const result = await asked("ContainerNotFound", name, podman.object({ method: "GET", path }));
      return { healthCheckStatus: result.text("Status") };
    },
    async GetAttachSockets({ parameters }) {
      const found = await inspectContainer(podman, parameters.text("name"));
      const folder = found.text("StaticDir");
      return {
        sockets: {
          container_id: found.text("Id"),
          io_socket: `${folder}/attach`,
          control_socket: `${folder}/ctl`,
        },
      };
    },
    async ListContainerMounts() {
      const mounts = await podman.object({ method: "GET", path: "/libpod/containers/showmounted" });
      return {
        mounts: Object.fromEntries(Object.keys(mounts.value).map((id) => [id, mounts.text(id)])),
      };
    },
  };
}

const usualColumns = ["user", "pid", "ppid", "pcpu", "etime", "tty", "time", "comm"];

/** A table of processes as lines, the titles first. */
export function tableOf(found: Fields): string[] {
  const rows = [found.list("Titles"), ...found.list("Processes")];
  return rows.flatMap((row) => (Array.isArray(row) ? [row.join("\t")] : []));
}

/** By the words that `podman ps --sort` knew; as Podman lists them by any other. */
function sortedBy(containers: readonly Fields[], word: string): Fields[] {
  const keys: Readonly<Record<string, (one: Fields) => string | number>> = {
    command: (one) => one.texts("Command").join(" "),
    id: (one) => one.text("Id"),
    image: (one) => one.text("Image"),
    names: (one) => one.texts("Names").join(","),
    runningfor: (one) => -one.number("StartedAt"),
    size: (one) => one.object("Size").number("rootFsSize"),
    status: (one) => one.text("State"),
    created: (one) => one.text("Created"),
  };
  const key = Object.hasOwn(keys, word) ? keys[word] : undefined;
  if (key === undefined) {
    return [...containers];
  }
  return containers.toSorted((one, other) => {
    const [a, b] = [key(one), key(other)];
    return a < b ? -1 : a > b ? 1 : 0;
  });
}
