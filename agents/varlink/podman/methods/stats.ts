import type { Fields } from "../../json/json.ts";
import { type Podman, RestError } from "../rest/podman.ts";
import {
  asked,
  errorOccurred,
  inspectContainer,
  type Methods,
  pathOf,
  podmanError,
} from "./methods.ts";

/** What containers and pods use. */
export function statsMethods(podman: Podman): Methods {
  const statsOf = async (ids: readonly string[]) => {
    const query = { containers: ids, stream: false };
    const answer = await podman.object({ method: "GET", path: "/libpod/containers/stats", query });
    return answer.objects("Stats");
  };
  const ofContainer = async (name: string) => {
    const found = await inspectContainer(podman, name);
    if (found.object("State").text("Status") !== "running") {
      throw podmanError("NoContainerRunning", {});
    }
    const [stats] = await statsOf([found.text("Id")]);
    if (stats === undefined) {
      throw errorOccurred(`no figures of container ${name}`);
    }
    return containerStats(stats);
  };
  return {
    async GetContainerStats({ parameters }) {
      return { container: await ofContainer(parameters.text("name")) };
    },
    async GetContainerStatsWithHistory({ parameters }) {
      const before = parameters.object("previousStats");
      const now = await ofContainer(before.text("id") || before.text("name"));
      const elapsed = now.system_nano - before.number("system_nano");
      const used = now.cpu_nano - before.number("cpu_nano");
      const isSince = before.number("system_nano") > 0 && elapsed > 0 && used >= 0;
      return { container: { ...now, cpu: isSince ? (used / elapsed) * 100 : now.cpu } };
    },
    async GetPodStats({ parameters }) {
      const name = parameters.text("name");
      const path = pathOf("pods", name, "json");
      const pod = await asked("PodNotFound", name, podman.object({ method: "GET", path }));
      const running = pod
        .objects("Containers")
        .filter((one) => one.text("State") === "running")
        .map((one) => one.text("Id"));
      try {
        const stats = running.length === 0 ? [] : await statsOf(running);
        return { pod: pod.text("Id"), containers: stats.map(containerStats) };
      } catch (error) {
        if (error instanceof RestError && error.status === 404) {
          throw podmanError("NoContainersInPod", { name });
        }
        throw error;
      }
    },
  };
}

function containerStats(stats: Fields) {
  const networks = stats.object("Network");
  const received = (name: string) =>
    Object.keys(networks.value).reduce((sum, one) => sum + networks.object(one).integer(name), 0);
  return {
    id: stats.text("ContainerID"),
    name: stats.text("Name"),
    cpu: stats.number("CPU"),
    cpu_nano: stats.integer("CPUNano"),
    system_nano: stats.integer("SystemNano"),
    mem_usage: stats.integer("MemUsage"),
    mem_limit: stats.integer("MemLimit"),
    mem_perc: stats.number("MemPerc"),
    net_input: stats.has("NetInput") ? stats.integer("NetInput") : received("RxBytes"),
    net_output: stats.has("NetOutput") ? stats.integer("NetOutput") : received("TxBytes"),
    block_output: stats.integer("BlockOutput"),
    block_input: stats.integer("BlockInput"),
    pids: stats.integer("PIDs"),
  };
}
