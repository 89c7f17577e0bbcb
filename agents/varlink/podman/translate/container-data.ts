import { Fields, type Json, type JsonObject } from "../../json/json.ts";
import { stateNumber } from "./container-lists.ts";
import { never } from "./times.ts";

/** What inspect says in the form that Podman 1.9 read: a list of ports, an entry point in one text, a signal's number. */
export function oldInspect(inspected: Fields): JsonObject {
  const network = inspected.object("NetworkSettings");
  const config = inspected.object("Config");
  const state = inspected.object("State");
  const host = inspected.object("HostConfig");
  return {
    ...inspected.value,
    State: { ...state.value, Healthcheck: state.raw("Health") ?? {} },
    Config: {
      ...config.value,
      Entrypoint: entrypointText(config),
      StopSignal: signalNumber(config.raw("StopSignal")),
    },
    HostConfig: {
      ...host.value,
      LogConfig: { Type: host.object("LogConfig").text("Type"), Config: null },
    },
    NetworkSettings: {
      ...withOldAddresses(network),
      Ports: portList(network),
      Networks: networks(network),
    },
  };
}

function entrypointText(config: Fields): string {
  const entrypoint = config.raw("Entrypoint");
  return typeof entrypoint === "string" ? entrypoint : config.texts("Entrypoint").join(" ");
}

const signals: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
  SIGWINCH: 28,
  "SIGRTMIN+3": 37,
};

function signalNumber(signal: Json): number {
  if (typeof signal === "number") {
    return signal;
  }
  const word = String(signal ?? "").toUpperCase();
  return signals[word] ?? signals[`SIG${word}`] ?? (Number.parseInt(word, 10) || 15);
}

function withOldAddresses(network: Fields): JsonObject {
  const addresses = (name: string) =>
    network.list(name).map((one) => (typeof one === "string" ? one : new Fields(one).text("Addr")));
  return {
    ...network.value,
    SecondaryIPAddresses: addresses("SecondaryIPAddresses"),
    SecondaryIPv6Addresses: addresses("SecondaryIPv6Addresses"),
  };
}

function networks(network: Fields): JsonObject {
  const all = network.object("Networks");
  return Object.fromEntries(
    Object.keys(all.value).map((name) => [name, withOldAddresses(all.object(name))]),
  );
}

function portList(network: Fields): JsonObject[] {
  const ports = network.object("Ports");
  return Object.keys(ports.value).flatMap((name) => {
    const [port = "", protocol = "tcp"] = name.split("/");
    return ports.objects(name).map((host) => ({
      hostPort: Number(host.text("HostPort")) || 0,
      containerPort: Number(port) || 0,
      protocol,
      hostIP: host.text("HostIp"),
    }));
  });
}

/** What runs in a container, as an OCI runtime is told it: the part that clients read. */
export function ociSpec(inspected: Fields): JsonObject {
  const config = inspected.object("Config");
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: config.flag("Tty"),
      args: [inspected.text("Path"), ...inspected.texts("Args")],
      env: config.texts("Env"),
      cwd: config.text("WorkingDir") || "/",
      user: { uid: 0, gid: 0 },
    },
    hostname: config.text("Hostname"),
    annotations: config.map("Annotations"),
  };
}

/** How a container is set up, by the names of Podman 1.9's own database: the part that clients read. */
export function oldConfig(inspected: Fields): JsonObject {
  const config = inspected.object("Config");
  return {
    spec: ociSpec(inspected),
    id: inspected.text("Id"),
    name: inspected.text("Name"),
    pod: inspected.text("Pod"),
    namespace: inspected.text("Namespace"),
    rootfsImageID: inspected.text("Image"),
    rootfsImageName: inspected.text("ImageName"),
    labels: config.map("Labels"),
    stdin: config.flag("OpenStdin"),
    createdTime: inspected.text("Created", never),
    stopSignal: signalNumber(config.raw("StopSignal")),
    stopTimeout: config.integer("StopTimeout", 10),
    command: config.texts("Cmd"),
    logPath: inspected.text("LogPath"),
    isInfra: inspected.flag("IsInfra"),
  };
}

/** What a container does, by the names of that database. */
export function oldState(inspected: Fields): JsonObject {
  const state = inspected.object("State");
  const status = state.text("Status");
  return {
    state: stateNumber(status),
    pid: state.integer("Pid"),
    conmonPid: state.integer("ConmonPid"),
    exitCode: state.integer("ExitCode"),
    exited: status === "exited",
    oomKilled: state.flag("OOMKilled"),
    startedTime: state.text("StartedAt", never),
    finishedTime: state.text("FinishedAt", never),
  };
}
