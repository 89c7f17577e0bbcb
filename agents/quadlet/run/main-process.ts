import { containerId } from "../../containers/events/container-event.ts";
import { orLate } from "../../kernel/deadline.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type Limit, startLimit } from "../../kernel/quiet.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { ServiceDefinition } from "../definition/service-definition.ts";
import type { ServiceEnd } from "../plan/restart.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";
import { runCommand, spawnCommand } from "./commands.ts";
import type { Deaths } from "./deaths.ts";
import { parseNotifyMessage } from "./notify-message.ts";
import type { ServiceGroup } from "./service-group.ts";

/** The process that is the service: Podman's monitor (conmon) of its container, or the command itself. */
export interface MainProcess {
  pid: number;
  /** Of the container that it monitors. */
  containerId: string | undefined;
  /** Resolves when it has ended, with its status where somebody knows it already. Never rejects. */
  ended: Promise<number | undefined>;
  close(): void;
}

/** What the start of a main process needs. */
export interface MainRequest {
  kernel: Kernel;
  user: SpecifierValues["user"];
  definition: ServiceDefinition;
  group: ServiceGroup;
  environment: Readonly<Record<string, string>>;
  deaths: Deaths;
  notifyPath: string;
  logPath: string;
  limit: Limit;
  isStopAsked(): boolean;
  onStatus(words: string): void;
}

/** A main process, none where the commands have done their work, or how the start ended. */
export type MainStart = { main: MainProcess | undefined } | { end: ServiceEnd };

/** So long Podman may clean up after a container that has ended, before what is left of the service is taken down. */
const cleanUpMs = 5_000;
/** A monitor outside the group says nothing when it is killed itself: looked at now and then. */
const lookMs = 30_000;

/** Runs ExecStart= until the service is ready in the sense of its type. Throws a KernelError when it can't be started. */
export async function startMain(request: MainRequest): Promise<MainStart> {
  switch (request.definition.type) {
    case "oneshot":
      return await runOneshot(request);
    case "forking":
      return await runForking(request);
    case "notify":
      return await runNotify(request);
    case "simple":
    case "exec": {
      const child = start(request);
      return {
        main: {
          pid: child.pid,
          containerId: undefined,
          ended: child.exited,
          close: () => undefined,
        },
      };
    }
  }
}

function commandRequest(request: MainRequest) {
  const { user, definition, group, environment, logPath, notifyPath } = request;
  return {
    user,
    definition,
    group: group.path,
    environment:
      definition.type === "notify" ? { ...environment, NOTIFY_SOCKET: notifyPath } : environment,
    logPath,
  };
}

function start(request: MainRequest) {
  const [command] = request.definition.start;
  if (command === undefined) {
    throw new Error("there is no ExecStart=");
  }
  return spawnCommand(request.kernel, { ...commandRequest(request), command });
}

async function runOneshot(request: MainRequest): Promise<MainStart> {
  for (const command of request.definition.start) {
    const { kernel, limit } = request;
    const status = await runCommand(kernel, { ...commandRequest(request), command, limit });
    if (status === "late") {
      return { end: { kind: "timeout" } };
    }
    if (status !== 0 && !command.ignoresFailure) {
      return { end: { kind: "exited", status } };
    }
  }
  return { main: undefined };
}

async function runForking(request: MainRequest): Promise<MainStart> {
  const { kernel, definition, limit } = request;
  const [command] = definition.start;
  if (command === undefined) {
    throw new Error("there is no ExecStart=");
  }
  const status = await runCommand(kernel, { ...commandRequest(request), command, limit });
  if (status === "late") {
    return { end: { kind: "timeout" } };
  }
  if (status !== 0) {
    return { end: { kind: "exited", status } };
  }
  if (definition.pidFile === undefined) {
    return { end: { kind: "protocol", why: "Type=forking needs PIDFile= here" } };
  }
  const pid = readPid(kernel, definition.pidFile);
  if (pid === undefined || !isOfService(request, pid)) {
    const why = `${definition.pidFile} names no process of this service`;
    return { end: { kind: "protocol", why } };
  }
  return { main: watchProcess(request, pid) };
}

function readPid(kernel: Kernel, path: string): number | undefined {
  const bytes = kernel.readNoFollow(path, 32) ?? new Uint8Array();
  const text = new TextDecoder().decode(bytes).trim();
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

/** Waits for READY=1, from whoever may write to the socket. */
function runNotify(request: MainRequest): Promise<MainStart> {
  const { kernel, user, group, notifyPath, limit, deaths } = request;
  return new Promise((resolve, reject) => {
    let pid: number | undefined;
    let isReady = false;
    let isOver = false;
    let subscription: Subscription | undefined;
    let timer = startLimit(kernel, limit, () => end({ end: { kind: "timeout" } }));
    const end = (result: MainStart): void => {
      if (isOver) {
        return;
      }
      isOver = true;
      timer.stop();
      subscription?.close();
      resolve(result);
    };
    let child: ReturnType<typeof start> | undefined;
    try {
      subscription = kernel.receiveDatagrams(notifyPath, user, (text) => {
        const message = parseNotifyMessage(text);
        if (message.mainPid !== undefined && isOfService(request, message.mainPid)) {
          pid = message.mainPid;
          const id = containerOf(kernel, pid);
          if (id !== undefined) {
            // A container that ends before it is ready never will be.
            void deaths.of(id).then((status) => end({ end: { kind: "exited", status } }));
          }
        }
        if (message.status !== undefined) {
          request.onStatus(message.status);
        }
        if (message.extendMs !== undefined) {
          timer.stop();
          timer = startLimit(kernel, Math.max(message.extendMs, limitMs(limit)), () =>
            end({ end: { kind: "timeout" } }),
          );
        }
        if (isOver) {
          return;
        }
        isReady ||= message.isReady;
        if (isReady && pid !== undefined) {
          end({ main: watchProcess(request, pid) });
        } else if (isReady && child !== undefined) {
          const { pid: own, exited } = child;
          end({
            main: { pid: own, containerId: undefined, ended: exited, close: () => undefined },
          });
        }
      });
      child = start(request);
      void child.exited.then(async (status) => {
        if (status !== 0) {
          end({ end: { kind: "exited", status } });
          return;
        }
        // What it left may still become ready, unless nothing is left.
        if (pid === undefined || group.holds(pid)) {
          await group.emptied();
          end({
            end: {
              kind: "protocol",
              why: "it ended without having said that it is ready (READY=1)",
            },
          });
        }
      });
    } catch (error) {
      timer.stop();
      subscription?.close();
      reject(error);
    }
  });
}

function limitMs(limit: Limit): number {
  return typeof limit === "number" ? limit : limit.quietMs;
}

/** In its group; or, since Podman puts the monitors of pods and of kube play elsewhere, a monitor of that owner's. */
function isOfService({ kernel, user, group }: MainRequest, pid: number): boolean {
  return (
    group.holds(pid) ||
    (containerOf(kernel, pid) !== undefined && kernel.stat(`/proc/${pid}`)?.uid === user.uid)
  );
}

/** The container that a process monitors, if it is a conmon: `conmon … -c ID …`. */
function containerOf(kernel: Kernel, pid: number): string | undefined {
  const comm: SystemPath = `/proc/${pid}/comm`;
  if (kernel.readTextIfPresent(comm)?.trim() !== "conmon") {
    return undefined;
  }
  const words = (kernel.readTextIfPresent(`/proc/${pid}/cmdline`) ?? "").split("\0");
  const id = words[words.indexOf("-c") + 1] ?? "";
  return containerId.test(id) ? id : undefined;
}

function watchProcess(request: MainRequest, pid: number): MainProcess {
  const { kernel, group, deaths } = request;
  const id = containerOf(kernel, pid);
  let timer: ReturnType<typeof setInterval> | undefined;
  const died = id === undefined ? [] : [deaths.of(id)];
  const ended = group.holds(pid)
    ? Promise.race([
        group.emptied().then(() => undefined),
        // Podman cleans up after it; other containers of the service may go on.
        ...died.map(async (status) => {
          const found = await status;
          await orLate(group.emptied(), cleanUpMs, () => undefined);
          return found;
        }),
      ])
    : Promise.race([
        ...died,
        new Promise<undefined>((resolve) => {
          timer = setInterval(() => {
            if (!kernel.exists(`/proc/${pid}`)) {
              resolve(undefined);
            }
          }, lookMs);
        }),
      ]);
  return { pid, containerId: id, ended, close: () => clearInterval(timer) };
}
