import { oneLine } from "../../command/one-line.ts";
import { orLate } from "../../kernel/deadline.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type Limit, orStuck } from "../../kernel/quiet.ts";
import type { ServiceCommand, ServiceDefinition } from "../definition/service-definition.ts";
import {
  endText,
  isCleanEnd,
  isRestarted,
  isWithinLimit,
  type ServiceEnd,
} from "../plan/restart.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";
import { runCommand } from "./commands.ts";
import type { Deaths } from "./deaths.ts";
import { environmentOf } from "./environment.ts";
import { type MainProcess, startMain } from "./main-process.ts";
import { makeServiceGroup, type ServiceGroup } from "./service-group.ts";

/** What a service is doing. */
export type ServiceState =
  | "inactive"
  | "starting"
  | "running"
  /** Its commands have ended well, and what they made is there (RemainAfterExit=). */
  | "done"
  | "stopping"
  /** Waiting for RestartSec= to pass. */
  | "restarting"
  | "failed";

/** What a service needs to run. */
export interface ServiceSurroundings {
  kernel: Kernel;
  user: SpecifierValues["user"];
  deaths: Deaths;
  /** Socket at which it reports readiness. */
  notifyPath: string;
  /** File of what its commands print. */
  logPath: string;
  /** It has ended by itself, and isn't started again: what is bound to it goes too. */
  onEnd(): void;
  /** Its pause before another start is over. */
  onRestart(): void;
}

/** One service of one owner, through its starts and ends. */
export interface Service {
  readonly definition: ServiceDefinition;
  readonly state: ServiceState;
  /** In words: why it failed, why it wasn't started, what it said of itself. */
  readonly detail: string;
  /** Since when it is in that state, in milliseconds since the kernel started. */
  readonly sinceMs: number;
  readonly main: MainProcess | undefined;
  /** Starts again by its own restart policy, since somebody asked for it last. */
  readonly restarts: number;
  /** Resolves when it runs, or is passed over by its conditions. Throws an Error in one line when it doesn't start. */
  start(by: "hand" | "policy"): Promise<void>;
  /** Resolves when nothing of it is left. Never throws. */
  stop(): Promise<void>;
  /** From the next start on; a running one is stopped by the definition that it was started by. */
  redefine(definition: ServiceDefinition): void;
}

/** The default counts time in which nothing moves, since a slow host pulls and starts slowly. */
const defaultStart = { quietMs: 90_000 };
/** Nobody wants to wait longer for a stop, also where something else keeps the machine busy. */
const defaultStop = { quietMs: 90_000, mostMs: 300_000 };
/** After its processes have ended, Podman's word on how is in its file already, or doesn't come. */
const deathMs = 5_000;

/** A start that ended before the service ran. */
class StartError extends Error {
  constructor(readonly end: ServiceEnd) {
    super(endText(end));
  }
}

/** A service that isn't started yet. */
export function openService(first: ServiceDefinition, around: ServiceSurroundings): Service {
  const { kernel, user } = around;
  let next = first;
  let definition = first;
  let state: ServiceState = "inactive";
  let detail = "";
  let sinceMs = kernel.uptimeMs();
  let restarts = 0;
  let startsMs: number[] = [];
  let main: MainProcess | undefined;
  let group: ServiceGroup | undefined;
  let environment: Record<string, string> = {};
  let pause: ReturnType<typeof setTimeout> | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let isStopAsked = false;

  const enter = (to: ServiceState, words = ""): void => {
    state = to;
    detail = words;
    sinceMs = kernel.uptimeMs();
  };

  const runAll = async (
    commands: readonly ServiceCommand[],
    limit: Limit,
    more?: Readonly<Record<string, string>>,
  ): Promise<void> => {
    for (const command of commands) {
      if (group === undefined) {
        return;
      }
      const status = await runCommand(kernel, {
        user,
        group: group.controlPath,
        command,
        definition,
        environment: { ...environment, ...more },
        logPath: around.logPath,
        limit,
      });
      if (status === "late") {
        throw new StartError({ kind: "timeout" });
      }
      if (status !== 0 && !command.ignoresFailure) {
        const why = `${command.argv.join(" ")} ended with ${status}`.slice(0, 300);
        throw new StartError({ kind: "protocol", why });
      }
      // On its way down (`more`) it goes on.
      if (isStopAsked && more === undefined) {
        throw new StartError({ kind: "protocol", why: "stopped while it was starting" });
      }
    }
  };

  /** Commands on the way down go on with the next one when one fails. */
  const runEach = async (
    commands: readonly ServiceCommand[],
    more: Readonly<Record<string, string>>,
  ): Promise<void> => {
    for (const command of commands) {
      try {
        await runAll([command], definition.stopTimeoutMs ?? defaultStop, more);
      } catch (error) {
        if (!command.ignoresFailure) {
          kernel.tellKernelLog(`${definition.name}: on its way down: ${oneLine(error)}`);
        }
      }
    }
  };

  const killAll = async (): Promise<void> => {
    const { killMode, stopTimeoutMs } = definition;
    if (group === undefined || killMode === "none" || !group.hasProcesses()) {
      return;
    }
    const own = main !== undefined && group.holds(main.pid) ? [main.pid] : [];
    if (killMode === "mixed" && main !== undefined && own.length === 0) {
      return;
    }
    const asked = killMode === "control-group" || own.length === 0 ? group.processes() : own;
    for (const pid of asked) {
      kernel.signal(pid, "SIGTERM");
    }
    if (killMode === "process") {
      return;
    }
    const emptied = group.emptied().then(() => true);
    // What else is left then ends with ExecStopPost=, or is killed after it.
    const { containerId } = main ?? {};
    const gone =
      killMode === "mixed" && containerId !== undefined
        ? Promise.race([emptied, around.deaths.of(containerId).then(() => true)])
        : emptied;
    if (!(await orStuck(kernel, gone, stopTimeoutMs ?? defaultStop, () => false))) {
      group.kill();
      await orLate(emptied, 10_000, () => false);
    }
  };

  /** Ends what is left of it. `hasRun`: its start had come to its main command's end. */
  const takeDown = async (end: ServiceEnd, hasRun: boolean): Promise<void> => {
    enter("stopping");
    const told = {
      MAINPID: main === undefined ? "" : String(main.pid),
      SERVICE_RESULT: isCleanEnd(end, definition) ? "success" : "exit-code",
      EXIT_CODE: "exited",
      EXIT_STATUS: String(end.kind === "exited" ? (end.status ?? "") : ""),
    };
    try {
      if (hasRun) {
        await runEach(definition.stop, told);
      }
      await killAll();
      await runEach(definition.stopPost, told);
      if (definition.killMode === "control-group" || definition.killMode === "mixed") {
        group?.kill();
        await orLate(group?.emptied() ?? Promise.resolve(), 10_000, () => undefined);
      }
    } catch (error) {
      kernel.tellKernelLog(`${definition.name}: on its way down: ${oneLine(error)}`);
    }
    main?.close();
    main = undefined;
    group?.remove();
    group = undefined;
  };

  /** What follows when it has ended by itself, and nothing of it is left. */
  const settle = (end: ServiceEnd): void => {
    const isClean = isCleanEnd(end, definition);
    if (!isRestarted(end, definition)) {
      enter(isClean ? "inactive" : "failed", isClean ? "" : endText(end));
      if (!isClean) {
        kernel.tellKernelLog(`${definition.name} (${user.name}) failed: ${endText(end)}`);
      }
      around.onEnd();
      return;
    }
    around.onEnd();
    if (!isWithinLimit(startsMs, kernel.uptimeMs(), next.startLimit)) {
      const limit = `started ${next.startLimit.burst} times in ${next.startLimit.intervalMs / 1000} s`;
      enter("failed", `${endText(end)}; ${limit}: not started again`);
      kernel.tellKernelLog(`${definition.name} (${user.name}) ${detail}`);
      return;
    }
    enter("restarting", `${endText(end)}; started again in ${definition.restartMs / 1000} s`);
    pause = setTimeout(() => {
      pause = undefined;
      restarts += 1;
      around.onRestart();
    }, definition.restartMs);
  };

  const watchMain = (watched: MainProcess): void => {
    void watched.ended.then(async (told) => {
      if (main !== watched || state !== "running") {
        return;
      }
      const status =
        told ??
        (watched.containerId === undefined
          ? undefined
          : await around.deaths.within(watched.containerId, deathMs));
      if (main !== watched || state !== "running") {
        return;
      }
      const end: ServiceEnd = { kind: "exited", status };
      if (definition.remainsAfterExit && isCleanEnd(end, definition)) {
        enter("done");
        return;
      }
      stopping = takeDown(end, true).finally(() => {
        stopping = undefined;
      });
      await stopping;
      if (isStopAsked) {
        enter("inactive");
      } else {
        settle(end);
      }
    });
  };

  const attempt = async (): Promise<void> => {
    definition = next;
    const unmet = definition.conditions.find(
      ({ path, isNegated }) => kernel.exists(path) === isNegated,
    );
    if (unmet !== undefined) {
      const sign = unmet.isNegated ? "!" : "";
      enter("inactive", `not started: ConditionPathExists=${sign}${unmet.path} isn't met`);
      return;
    }
    enter("starting");
    let hasRun = false;
    try {
      group = makeServiceGroup(kernel, user, definition.name);
      environment = await environmentOf(kernel, user, definition);
      await runAll(definition.startPre, definition.startTimeoutMs ?? defaultStart);
      const started = await startMain({
        ...around,
        definition,
        group,
        environment,
        limit: definition.startTimeoutMs ?? defaultStart,
        isStopAsked: () => isStopAsked,
        onStatus: (words) => {
          detail = words;
        },
      });
      if ("end" in started) {
        throw new StartError(started.end);
      }
      main = started.main;
      hasRun = true;
      await runAll(definition.startPost, definition.startTimeoutMs ?? defaultStart);
    } catch (error) {
      const end: ServiceEnd =
        error instanceof StartError ? error.end : { kind: "protocol", why: oneLine(error) };
      await takeDown(end, hasRun);
      if (isStopAsked) {
        enter("inactive");
      } else {
        settle(end);
      }
      throw new Error(`${definition.name}: ${endText(end)}`, { cause: error });
    }
    if (main !== undefined) {
      enter("running");
      watchMain(main);
    } else if (definition.remainsAfterExit) {
      enter("done");
    } else {
      await takeDown({ kind: "exited", status: 0 }, true);
      enter("inactive");
    }
  };

  return {
    get definition() {
      return next;
    },
    get state() {
      return state;
    },
    get detail() {
      return detail;
    },
    get sinceMs() {
      return sinceMs;
    },
    get main() {
      return main;
    },
    get restarts() {
      return restarts;
    },
    async start(by) {
      await stopping;
      if (starting !== undefined) {
        return await starting;
      }
      if (state === "running" || state === "done") {
        return;
      }
      clearTimeout(pause);
      pause = undefined;
      isStopAsked = false;
      if (by === "hand") {
        restarts = 0;
        startsMs = [];
      }
      startsMs = [...startsMs, kernel.uptimeMs()].slice(-1000);
      starting = attempt().finally(() => {
        starting = undefined;
      });
      await starting;
    },
    async stop() {
      clearTimeout(pause);
      pause = undefined;
      isStopAsked = true;
      if (starting !== undefined) {
        for (const pid of group?.processes() ?? []) {
          kernel.signal(pid, "SIGTERM");
        }
        // Its failure is its starter's to say.
        const ended = starting.catch(() => undefined);
        const limit = definition.stopTimeoutMs ?? defaultStop;
        await orStuck(kernel, ended, limit, () => group?.kill());
        await ended;
      }
      if (stopping !== undefined) {
        await stopping;
      }
      if (state === "running" || state === "done") {
        stopping = takeDown({ kind: "exited", status: 0 }, true).finally(() => {
          stopping = undefined;
        });
        await stopping;
      }
      enter("inactive");
    },
    redefine(definitionFromNow) {
      next = definitionFromNow;
    },
  };
}
