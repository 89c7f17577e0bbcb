import type { Fields } from "../../json/json.ts";
import { type Podman, RestError } from "../rest/podman.ts";
import { never } from "../translate/times.ts";
import { tableOf } from "./containers.ts";
import { asked, type Methods, pathOf, podmanError } from "./methods.ts";
import { runPodman } from "./run-podman.ts";

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Pods. */
export function podMethods(podman: Podman): Methods {
  const list = (query: Query = {}) =>
    podman.objects({ method: "GET", path: "/libpod/pods/json", query });
  const inspect = async (name: string) => {
    const request = podman.object({ method: "GET", path: pathOf("pods", name, "json") });
    return await asked("PodNotFound", name, request);
  };
  /** Does it, and gives the pod's whole ID. What goes wrong with containers is named for each. */
  const does = async (name: string, action: string, query: Query = {}) => {
    const pod = (await inspect(name)).text("Id");
    try {
      await podman.text({ method: "POST", path: pathOf("pods", pod, action), query });
    } catch (error) {
      if (error instanceof RestError && error.status === 409) {
        throw podmanError("PodContainerError", {
          podname: name,
          errors: [{ containerid: "", reason: error.message }],
        });
      }
      throw error;
    }
    return { pod };
  };
  return {
    async CreatePod({ parameters }) {
      return { pod: await runPodman(podman, podArguments(parameters.object("create"))) };
    },
    async ListPods() {
      return { pods: (await list()).map(podOf) };
    },
    async GetPod({ parameters }) {
      const inspected = await inspect(parameters.text("name"));
      const id = inspected.text("Id");
      const found = await list({ filters: JSON.stringify({ id: [id] }) });
      return { pod: podOf(found[0] ?? inspected) };
    },
    async InspectPod({ parameters }) {
      return { pod: JSON.stringify(oldPod(await inspect(parameters.text("name")))) };
    },
    async PodStateData({ parameters }) {
      return { config: JSON.stringify(oldPod(await inspect(parameters.text("name")))) };
    },
    StartPod: async ({ parameters }) => await does(parameters.text("name"), "start"),
    StopPod: async ({ parameters }) =>
      await does(parameters.text("name"), "stop", {
        t: parameters.has("timeout") ? parameters.integer("timeout") : undefined,
      }),
    RestartPod: async ({ parameters }) => await does(parameters.text("name"), "restart"),
    KillPod: async ({ parameters }) => {
      const signal = parameters.integer("signal", -1);
      return await does(parameters.text("name"), "kill", {
        signal: signal > 0 ? String(signal) : "SIGTERM",
      });
    },
    PausePod: async ({ parameters }) => await does(parameters.text("name"), "pause"),
    UnpausePod: async ({ parameters }) => await does(parameters.text("name"), "unpause"),
    async RemovePod({ parameters }) {
      const pod = (await inspect(parameters.text("name"))).text("Id");
      const query = { force: parameters.flag("force") };
      await podman.text({ method: "DELETE", path: pathOf("pods", pod), query });
      return { pod };
    },
    async TopPod({ parameters }) {
      const latest = parameters.flag("latest") ? (await newest(list()))?.text("Id") : undefined;
      const name = latest ?? parameters.text("pod");
      const query = {
        stream: false,
        ps_args: parameters.texts("descriptors").join(",") || undefined,
      };
      const request = podman.object({ method: "GET", path: pathOf("pods", name, "top"), query });
      return { stats: tableOf(await asked("PodNotFound", name, request)) };
    },
    async GetPodsByStatus({ parameters }) {
      const wanted = parameters.texts("statuses").map((one) => one.toLowerCase());
      const found = await list();
      return {
        pods: found
          .filter((one) => wanted.includes(one.text("Status").toLowerCase()))
          .map((one) => one.text("Id")),
      };
    },
    async GetPodsByContext({ parameters }) {
      const names = parameters.texts("args");
      if (parameters.flag("latest")) {
        const latest = await newest(list());
        return { pods: latest === undefined ? [] : [latest.text("Id")] };
      }
      if (parameters.flag("all")) {
        return { pods: (await list()).map((one) => one.text("Id")) };
      }
      const found = await Promise.all(names.map(inspect));
      return { pods: found.map((one) => one.text("Id")) };
    },
    async GenerateKube({ parameters }) {
      const name = parameters.text("name");
      const query = { names: name, service: parameters.flag("service") };
      const text = await asked(
        "ContainerNotFound",
        name,
        podman.text({ method: "GET", path: "/libpod/generate/kube", query }),
      );
      const documents = text.split(/^---$/m);
      const isService = (document: string) => /^kind: Service$/m.test(document);
      return {
        pod: {
          pod: documents.filter((one) => !isService(one)).join("---"),
          service: documents.filter(isService).join("---"),
        },
      };
    },
  };
}

async function newest(pods: Promise<readonly Fields[]>): Promise<Fields | undefined> {
  const [latest] = (await pods).toSorted((one, other) =>
    other.text("Created").localeCompare(one.text("Created")),
  );
  return latest;
}

/** `podman pod create` with what a client wants. */
function podArguments(create: Fields): string[] {
  const one = (option: string, value: string) => (value === "" ? [] : [`--${option}=${value}`]);
  const labels = create.map("labels");
  const share = create.texts("share").filter((name) => name !== "");
  return [
    "pod",
    "create",
    ...one("name", create.text("name")),
    ...one("cgroup-parent", create.text("cgroupParent")),
    ...Object.entries(labels).map(([name, value]) => `--label=${name}=${value}`),
    ...one("share", share.join(",")),
    `--infra=${create.flag("infra")}`,
    ...(create.flag("infra") ? one("infra-command", create.text("infraCommand")) : []),
    ...(create.flag("infra") ? one("infra-image", create.text("infraImage")) : []),
    ...create.texts("publish").map((port) => `--publish=${port}`),
  ];
}

function podOf(pod: Fields) {
  const containers = pod.objects("Containers");
  return {
    id: pod.text("Id"),
    name: pod.text("Name"),
    createdat: pod.text("Created", never),
    cgroup: pod.text("Cgroup") || pod.text("CgroupParent"),
    status: pod.text("Status") || pod.text("State"),
    labels: pod.map("Labels"),
    numberofcontainers: String(containers.length),
    containersinfo: containers.map((one) => ({
      name: one.text("Names") || one.text("Name"),
      id: one.text("Id"),
      status: one.text("Status") || one.text("State"),
    })),
  };
}

/** What inspect says in the three parts that Podman 1.9 read. */
function oldPod(pod: Fields) {
  return {
    Config: {
      id: pod.text("Id"),
      name: pod.text("Name"),
      hostname: pod.text("Hostname"),
      labels: pod.map("Labels"),
      cgroupParent: pod.text("CgroupParent"),
      created: pod.text("Created", never),
      infraConfig: { makeInfraContainer: pod.text("InfraContainerID") !== "" },
    },
    State: {
      cgroupPath: pod.text("CgroupPath"),
      infraContainerID: pod.text("InfraContainerID"),
      status: pod.text("State"),
    },
    Containers: pod.objects("Containers").map((one) => ({
      id: one.text("Id"),
      state: one.text("State"),
    })),
  };
}
