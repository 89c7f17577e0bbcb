import type { Fields } from "../../json/json.ts";
import { agoText, durationText, never, timeText } from "./times.ts";

const shortId = 12;
const shortCommand = 17;

/** A state by its word in Podman 1.9: what is created was called configured, what is initialized created. */
export function stateWord(state: string): string {
  const words: Record<string, string> = {
    created: "configured",
    initialized: "created",
    stopping: "running",
  };
  return words[state] ?? state;
}

/** Its number there. */
export function stateNumber(state: string): number {
  const states = ["unknown", "configured", "created", "running", "stopped", "paused", "exited"];
  return Math.max(0, [...states, "removing"].indexOf(stateWord(state)));
}

/** A port and where it is published, as REST lists them. */
function portsOf(container: Fields): Fields[] {
  return container.objects("Ports");
}

function portText(port: Fields): string {
  const host = port.text("host_ip") || "0.0.0.0";
  const range = port.integer("range", 1);
  const span = (first: number) => (range > 1 ? `${first}-${first + range - 1}` : `${first}`);
  const from = `${host}:${span(port.integer("host_port"))}`;
  return `${from}->${span(port.integer("container_port"))}/${port.text("protocol") || "tcp"}`;
}

function namespacesOf(container: Fields) {
  const namespaces = container.object("Namespaces");
  return {
    user: namespaces.text("User"),
    uts: namespaces.text("Uts"),
    pidns: namespaces.text("Pidns"),
    pid: String(container.integer("Pid")),
    cgroup: namespaces.text("Cgroup"),
    net: namespaces.text("Net"),
    mnt: namespaces.text("Mnt"),
    ipc: namespaces.text("Ipc"),
  };
}

/** "Up 2 minutes ago", "Exited (0) 3 hours ago", "Created": as the old tables say it. */
function statusText(container: Fields, nowMs: number): string {
  const since = (seconds: number) => durationText(Math.max(0, nowMs / 1000 - seconds));
  switch (container.text("State")) {
    case "running":
      return `Up ${since(container.number("StartedAt"))} ago`;
    case "paused":
      return "Paused";
    case "exited":
    case "stopped":
      return `Exited (${container.integer("ExitCode")}) ${since(container.number("ExitedAt"))} ago`;
    case "removing":
      return "Removal in progress";
    case "created":
    case "initialized":
    case "configured":
      return "Created";
    default:
      return "Error";
  }
}

/** A row of `podman ps`, as the old client prints it without a change. */
export function psContainer(container: Fields, nowMs: number, isWhole: boolean) {
  const { pid, pidns, ...namespaces } = namespacesOf(container);
  const size = container.object("Size");
  const id = container.text("Id");
  const command = container.texts("Command").join(" ");
  const cut = (text: string, length: number) => (isWhole ? text : text.slice(0, length));
  const isRunning = container.text("State") === "running";
  return {
    id: cut(id, shortId),
    image: container.text("Image"),
    command:
      isWhole || command.length <= shortCommand + 3
        ? command
        : `${command.slice(0, shortCommand)}...`,
    created: agoText(container.text("Created"), nowMs),
    ports: portsOf(container).map(portText).join(", "),
    names: container.texts("Names").join(","),
    isInfra: container.flag("IsInfra"),
    status: statusText(container, nowMs),
    state: stateWord(container.text("State")),
    pidNum: isRunning ? container.integer("Pid") : 0,
    rootFsSize: size.integer("rootFsSize"),
    rwSize: size.integer("rwSize"),
    pod: cut(container.text("Pod"), shortId),
    createdAt: container.text("Created", never),
    exitedAt: timeText(container.number("ExitedAt")),
    startedAt: timeText(container.number("StartedAt")),
    labels: container.map("Labels"),
    nsPid: pid,
    pidNs: pidns,
    ...namespaces,
    mounts: container.texts("Mounts").join(","),
  };
}

/** A container as ListContainers gives it; its mounts are in what inspect says. */
export function listContainer(container: Fields, inspected: Fields | undefined, nowMs: number) {
  const size = container.object("Size");
  return {
    id: container.text("Id"),
    image: container.text("Image"),
    imageid: container.text("ImageID"),
    command: container.texts("Command"),
    createdat: container.text("Created", never),
    runningfor: agoText(container.text("Created"), nowMs),
    status: stateWord(container.text("State")),
    ports: portsOf(container).map((port) => ({
      host_port: String(port.integer("host_port")),
      host_ip: port.text("host_ip"),
      protocol: port.text("protocol"),
      container_port: String(port.integer("container_port")),
    })),
    rootfssize: size.integer("rootFsSize"),
    rwsize: size.integer("rwSize"),
    names: container.texts("Names").join(","),
    labels: container.map("Labels"),
    mounts: (inspected?.objects("Mounts") ?? []).map((mount) => ({
      destination: mount.text("Destination"),
      type: mount.text("Type"),
      source: mount.text("Source"),
      options: mount.texts("Options"),
    })),
    containerrunning: container.text("State") === "running",
    namespaces: namespacesOf(container),
  };
}
