import { type Podman, RestError } from "../rest/podman.ts";
import { createArguments } from "../translate/create-arguments.ts";
import { asked, containerId, errorOccurred, type Methods, pathOf, podmanError } from "./methods.ts";
import { runPodman } from "./run-podman.ts";

function exitCode(answer: string): number {
  const code = Number.parseInt(answer, 10);
  if (Number.isNaN(code)) {
    throw errorOccurred(`Podman gives no exit code: ${answer.trim()}`);
  }
  return code;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const notModified = 304;
const conflict = 409;
const usualStopS = 10;

/** What containers are made to do. */
export function lifecycleMethods(podman: Podman): Methods {
  /** Does it, and gives the container's whole ID, as all of these methods reply. */
  const does = async (name: string, action: string, query: Query = {}) => {
    const id = await containerId(podman, name);
    const path = pathOf("containers", id, action);
    try {
      const response = await podman.ask({ method: "POST", path, query });
      for await (const _ of response.parts()) {
        // What it says besides is of no use here; it is read so that the connection ends in order.
      }
      return { container: id, wasSo: response.status === notModified };
    } catch (error) {
      if (error instanceof RestError && error.status === conflict) {
        throw podmanError("InvalidState", { id, reason: error.message });
      }
      throw error;
    }
  };
  const reply = async (name: string, action: string, query?: Query) => {
    const { container } = await does(name, action, query);
    return { container };
  };
  const remove = async (name: string, query: Query) => {
    const id = await containerId(podman, name);
    const path = pathOf("containers", id);
    const [first] = await podman.objects({ method: "DELETE", path, query });
    const problem = first?.text("Err") ?? "";
    if (problem !== "") {
      throw errorOccurred(problem);
    }
    return { container: id };
  };
  return {
    async CreateContainer({ parameters }) {
      const words = createArguments(parameters.object("create"));
      return { container: await runPodman(podman, words) };
    },
    async StartContainer({ parameters }) {
      const { container, wasSo } = await does(parameters.text("name"), "start");
      if (wasSo) {
        throw errorOccurred("container is already running or paused");
      }
      return { container };
    },
    InitContainer: async ({ parameters }) => await reply(parameters.text("name"), "init"),
    async StopContainer({ parameters }) {
      const query = { timeout: parameters.integer("timeout", usualStopS) };
      const { container, wasSo } = await does(parameters.text("name"), "stop", query);
      if (wasSo) {
        throw podmanError("ErrCtrStopped", { id: container });
      }
      return { container };
    },
    RestartContainer: async ({ parameters }) =>
      await reply(parameters.text("name"), "restart", {
        t: parameters.integer("timeout", usualStopS),
      }),
    async KillContainer({ parameters }) {
      // -1 is what clients send for none.
      const signal = parameters.integer("signal", -1);
      return await reply(parameters.text("name"), "kill", {
        signal: signal > 0 ? signal : "SIGTERM",
      });
    },
    PauseContainer: async ({ parameters }) => await reply(parameters.text("name"), "pause"),
    UnpauseContainer: async ({ parameters }) => await reply(parameters.text("name"), "unpause"),
    async WaitContainer({ parameters, gone }) {
      const name = parameters.text("name");
      const path = pathOf("containers", name, "wait");
      const answer = podman.text({ method: "POST", path, gone });
      return { exitcode: exitCode(await asked("ContainerNotFound", name, answer)) };
    },
    RemoveContainer: async ({ parameters }) =>
      await remove(parameters.text("name"), {
        force: parameters.flag("force"),
        v: parameters.flag("removeVolumes"),
      }),
    EvictContainer: async ({ parameters }) =>
      await remove(parameters.text("name"), { force: true, v: parameters.flag("removeVolumes") }),
    async DeleteStoppedContainers() {
      const pruned = await podman.objects({ method: "POST", path: "/libpod/containers/prune" });
      return {
        containers: pruned.filter((one) => one.text("Err") === "").map((one) => one.text("Id")),
      };
    },
    async MountContainer({ parameters }) {
      const name = parameters.text("name");
      const path = pathOf("containers", name, "mount");
      const answer = await asked("ContainerNotFound", name, podman.json({ method: "POST", path }));
      return { path: typeof answer === "string" ? answer : "" };
    },
    async UnmountContainer({ parameters }) {
      const name = parameters.text("name");
      const path = pathOf("containers", name, "unmount");
      await asked("ContainerNotFound", name, podman.text({ method: "POST", path }));
      return {};
    },
    async ContainerCheckpoint({ parameters }) {
      const { container } = await does(parameters.text("name"), "checkpoint", {
        keep: parameters.flag("keep"),
        leaveRunning: parameters.flag("leaveRunning"),
        tcpEstablished: parameters.flag("tcpEstablished"),
      });
      return { id: container };
    },
    async ContainerRestore({ parameters }) {
      const { container } = await does(parameters.text("name"), "restore", {
        keep: parameters.flag("keep"),
        tcpEstablished: parameters.flag("tcpEstablished"),
      });
      return { id: container };
    },
  };
}
