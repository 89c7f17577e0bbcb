import { oneLine } from "../../command/one-line.ts";
import { orLate } from "../../kernel/deadline.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { removeContainerHealth, writeContainerHealth } from "../../record/container-health.ts";
import type { ContainerEvent } from "../events/container-event.ts";
import { commandOf, type PodmanOwner } from "../podman/podman-of.ts";
import { type CheckDefinition, inspectWords, parseDefinition } from "./definition.ts";
import { readHealthLog } from "./health-log.ts";
import {
  afterCheck,
  type CheckOutcome,
  type CheckProgress,
  startOfChecks,
  timesOf,
} from "./next-check.ts";
import { watchTimeout } from "./overdue.ts";

/** Of all containers together: checks are to leave the machine to what it is for. */
const mostAtOnce = 2;
/** After that it is the container that takes its time, not Podman: others needn't wait for it. */
const holdsMs = 10_000;
/** Podman itself, around the check. */
const podmanTakesMs = 60_000;
const longestSaid = 200;

/** The checks of all containers, each begun by the event of its start and ended by that of its end. */
export interface HealthChecks {
  take(owner: PodmanOwner, events: readonly ContainerEvent[]): void;
  /** No check begins any more. */
  close(): void;
}

interface Checked {
  owner: PodmanOwner;
  id: string;
  definition: CheckDefinition | undefined;
  progress: CheckProgress;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** What the status says already. */
  shown: string;
}

/**
 * Runs health checks as Podman's timers would where systemd is: `podman healthcheck run`, which checks, counts
 * and does what --health-on-failure says. No process is started for a container that has no check.
 */
export function keepHealthChecks(kernel: Kernel): HealthChecks {
  const checked = new Map<string, Checked>();
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;

  const next = (): void => {
    const work = running < mostAtOnce ? waiting.shift() : undefined;
    if (work === undefined) {
      return;
    }
    running += 1;
    void orLate(work(), holdsMs, () => undefined).finally(() => {
      running -= 1;
      next();
    });
    next();
  };
  const whenFree = (work: () => Promise<void>): void => {
    waiting.push(work);
    next();
  };
  const isCurrent = (one: Checked): boolean => checked.get(keyOf(one.owner, one.id)) === one;

  const begin = (owner: PodmanOwner, { id }: ContainerEvent): void => {
    end(owner, id);
    if (readHealthLog(kernel, owner, id) === undefined) {
      return;
    }
    const progress: CheckProgress = { phase: "regular", successes: 0, troubles: 0 };
    const one = { owner, id, definition: undefined, progress, timer: undefined, shown: "" };
    checked.set(keyOf(owner, id), one);
    whenFree(() => check(one));
  };

  const end = (owner: PodmanOwner, id: string): void => {
    const key = keyOf(owner, id);
    const one = checked.get(key);
    if (one === undefined) {
      return;
    }
    clearTimeout(one.timer);
    checked.delete(key);
    removeContainerHealth(kernel, id);
  };

  /** Never rejects. */
  const check = async (one: Checked): Promise<void> => {
    if (!isCurrent(one)) {
      return;
    }
    const startedMs = kernel.uptimeMs();
    try {
      if (one.definition === undefined) {
        const found = await define(kernel, one);
        if (!isCurrent(one)) {
          return;
        }
        if (found === undefined || !found.isRunning) {
          end(one.owner, one.id);
          return;
        }
        one.definition = found;
        one.progress = startOfChecks(found);
        if (timesOf(found, one.progress).intervalMs === 0) {
          return;
        }
      }
      const { outcome, why } = await run(kernel, one, one.definition);
      if (isCurrent(one)) {
        goOn(one, one.definition, outcome, kernel.uptimeMs() - startedMs);
        show(one, one.definition.name, why);
      }
    } catch (error) {
      if (isCurrent(one)) {
        goOn(one, one.definition, "troubled", kernel.uptimeMs() - startedMs);
        show(one, one.definition?.name ?? one.id.slice(0, 12), oneLine(error));
      }
    }
  };

  const goOn = (
    one: Checked,
    definition: CheckDefinition | undefined,
    outcome: CheckOutcome,
    tookMs: number,
  ): void => {
    const known = definition ?? unknownCheck(one.id);
    const { progress, pauseMs } = afterCheck(known, one.progress, outcome, tookMs, checked.size);
    one.progress = progress;
    if (pauseMs !== undefined) {
      one.timer = setTimeout(() => whenFree(() => check(one)), pauseMs);
      one.timer.unref?.();
    }
  };

  const show = (one: Checked, name: string, trouble: string | undefined): void => {
    const { owner, id } = one;
    const { status, failingStreak } = readHealthLog(kernel, owner, id) ?? {
      status: "unknown",
      failingStreak: 0,
    };
    const health = { owner: owner.name, name, id, health: status, failingStreak };
    const shown = { ...health, ...(trouble === undefined ? {} : { trouble }) };
    const text = JSON.stringify(shown);
    if (text === one.shown) {
      return;
    }
    one.shown = text;
    try {
      writeContainerHealth(kernel, shown);
    } catch (error) {
      kernel.tellKernelLog(`health of ${name}: ${oneLine(error)}`);
    }
  };

  return {
    take(owner, events) {
      for (const event of lastOfEach(events)) {
        if (event.status === "start") {
          begin(owner, event);
        } else if (event.status === "died" || event.status === "remove") {
          end(owner, event.id);
        } else if (event.status === "update" || checked.has(keyOf(owner, event.id))) {
          // Changed (podman update, rename), or able to be checked again: it begins anew.
          begin(owner, event);
        }
      }
    },
    close() {
      waiting.length = 0;
      for (const { owner, id } of [...checked.values()]) {
        end(owner, id);
      }
    },
  };
}

const known = new Set(["start", "died", "remove", "unpause", "update", "rename"]);

/** Of each container the last event that matters here. */
function lastOfEach(events: readonly ContainerEvent[]): ContainerEvent[] {
  const last = new Map<string, ContainerEvent>();
  for (const event of events) {
    if (known.has(event.status)) {
      last.set(event.id, event);
    }
  }
  return [...last.values()];
}

function keyOf({ uid }: PodmanOwner, id: string): string {
  return `${uid} ${id}`;
}

/** While Podman can't say what a container's check is. */
function unknownCheck(id: string): CheckDefinition {
  const name = id.slice(0, 12);
  return { id, name, isRunning: true, intervalMs: 1_000, timeoutMs: 0, startup: undefined };
}

async function define(
  kernel: Kernel,
  { owner, id }: Checked,
): Promise<CheckDefinition | undefined> {
  const argv = commandOf(owner, inspectWords(id));
  const { exitCode, stdout, stderr } = await kernel.run(argv, {
    timeoutMs: { quietMs: podmanTakesMs },
  });
  if (exitCode === 0) {
    return parseDefinition(stdout);
  }
  if (/no such container/i.test(stderr)) {
    return undefined;
  }
  throw new Error(said(stderr) || `podman inspect ended with ${exitCode}`);
}

/** What Podman said last, as far as it can be shown: a container may have chosen a part of it. */
function said(stderr: string): string {
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return last.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, longestSaid);
}

/** One check, by Podman. */
async function run(
  kernel: Kernel,
  { owner, id, progress }: Checked,
  definition: CheckDefinition,
): Promise<{ outcome: CheckOutcome; why: string | undefined }> {
  const { timeoutMs } = timesOf(definition, progress);
  const overdue = watchTimeout(kernel, id, timeoutMs);
  try {
    const argv = commandOf(owner, ["podman", "healthcheck", "run", id]);
    const { exitCode, stderr } = await kernel.run(argv, {
      env: overdue.env,
      timeoutMs: timeoutMs + podmanTakesMs * 10,
    });
    if (exitCode === 0) {
      return { outcome: "passed", why: undefined };
    }
    // Podman ends with 125 then, too, but has counted it.
    if (exitCode === 1 || /exceeded timeout/.test(stderr)) {
      return { outcome: "failed", why: undefined };
    }
    const why = said(stderr) || `podman healthcheck run ended with ${exitCode}`;
    return { outcome: "troubled", why };
  } finally {
    overdue.stop();
  }
}
