import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { defaultMostMs, orStuck, overText, startLimit } from "../kernel/quiet.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import type { BootOptions } from "../settings/boot-options.ts";
import type { BootAround, Stage, StageContext, StageNotes, StageOutcome } from "./stage.ts";

/** The stages to run, and who hears of each. */
export interface StageRun {
  stages: readonly Stage[];
  kernel: Kernel;
  options: BootOptions;
  /** Called when a stage has finished, when it is late, and once more when a late one has finished after all. */
  onRecord(record: StageRecord): void;
}

/** A check of a large disk moves for minutes, and what only hoped for it shall not come after that. */
const longestHopeMs = 60_000;

/** How far a run of stages is. */
export interface StagesRun {
  /** All stages are finished or late. */
  passed: Promise<void>;
  /** All stages are finished, the late ones too. */
  finished: Promise<void>;
}

/**
 * Runs each stage as soon as those that it needs have finished, in whatever way, or are late. Never rejects.
 * Throws at once when a stage needs one that isn't there, or when stages need one another in a circle.
 */
export function runStages(run: StageRun): StagesRun {
  const byName = new Map(run.stages.map((stage) => [stage.name, stage]));
  checkGraph(byName);
  const running = new Map<string, RunningStage>();
  const start = (stage: Stage): RunningStage => {
    const known = running.get(stage.name);
    if (known !== undefined) {
      return known;
    }
    const before = (names: readonly string[]) =>
      Promise.all(
        names.flatMap((name) => {
          const needed = byName.get(name);
          return needed === undefined ? [] : [start(needed).passed];
        }),
      );
    const needs = Promise.all([
      before(stage.needs),
      ...(stage.settled ?? []).map((name) => {
        const needed = byName.get(name);
        return needed === undefined ? undefined : start(needed).settled;
      }),
    ]);
    const { for: hopedFor = [], patienceMs = 0, mostMs = longestHopeMs } = stage.hopes ?? {};
    const hopes = before(hopedFor);
    const patience = { quietMs: patienceMs, mostMs };
    const started = needs.then(() =>
      orStuck<unknown, undefined>(run.kernel, hopes, patience, () => undefined),
    );
    const stageRun = runStage(stage, run, started);
    running.set(stage.name, stageRun);
    return stageRun;
  };
  const all = run.stages.map(start);
  return {
    passed: Promise.all(all.map((stage) => stage.passed)).then(() => undefined),
    finished: Promise.all(all.map((stage) => stage.finished)).then(() => undefined),
  };
}

interface RunningStage {
  passed: Promise<void>;
  /** Finished, or late beyond its hard end, or passed by with its own consent. */
  settled: Promise<void>;
  finished: Promise<void>;
}

/** Runs one stage once `started` is over, against its deadline. */
function runStage(stage: Stage, run: StageRun, started: Promise<unknown>): RunningStage {
  const { promise: passed, resolve: pass } = resolvable();
  const { promise: settled, resolve: settle } = resolvable();
  const finished = started.then(async () => {
    const { kernel, options } = run;
    const notes: StageNotes = { observed: null, plan: null, done: [] };
    const startedMs = kernel.uptimeMs();
    const record = (result: StageRecord["result"], message: string): void => {
      const durationMs = kernel.uptimeMs() - startedMs;
      const { observed, plan, done } = notes;
      const found = { observed, plan, done, message };
      run.onRecord({ stage: stage.name, result, startedMs, durationMs, ...found });
    };
    let hasGoneOn = false;
    const goOn = (how: string): void => {
      if (!hasGoneOn) {
        hasGoneOn = true;
        const now = notes.now === undefined ? "" : ` (now: ${notes.now})`;
        record("failed", `${how}${now}; the boot goes on without it`);
        pass();
      }
    };
    const mostMs = stage.mostMs ?? defaultMostMs;
    const quiet = { quietMs: stage.deadlineMs, mostMs };
    const limit = startLimit(kernel, quiet, (over) =>
      goOn(overText(over, quiet, kernel.uptimeMs() - startedMs)),
    );
    const hardEnd = setTimeout(settle, mostMs);
    let consent: ReturnType<typeof setTimeout> | undefined;
    const boot: BootAround = {
      goesOnAfter(ms, isSettled) {
        consent ??= setTimeout(() => {
          goOn(`not finished after ${Math.round(kernel.uptimeMs() - startedMs)} ms`);
          if (isSettled) {
            settle();
          }
        }, ms);
      },
      get hasGoneOn() {
        return hasGoneOn;
      },
    };
    const outcome = await outcomeOf(stage, { kernel, options, notes, boot });
    limit.stop();
    clearTimeout(hardEnd);
    clearTimeout(consent);
    record(outcome.result, outcome.message);
    pass();
    settle();
  });
  return { passed, settled, finished };
}

function resolvable(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function outcomeOf(
  stage: Stage,
  context: StageContext,
): Promise<StageOutcome | { result: "failed"; message: string }> {
  try {
    if (context.options.faults.includes(stage.name)) {
      throw new Error("made to fail by boot2podman.fault");
    }
    return await stage.run(context);
  } catch (error) {
    const message = oneLine(error);
    if (stage.onFailure === undefined) {
      return { result: "failed", message };
    }
    return {
      result: "failed",
      message: `${message}; ${await plainOutcome(stage.onFailure, context)}`,
    };
  }
}

async function plainOutcome(
  onFailure: (context: StageContext) => Promise<string>,
  context: StageContext,
): Promise<string> {
  try {
    return await onFailure(context);
  } catch (error) {
    return `and the backup method failed too: ${oneLine(error)}`;
  }
}

function checkGraph(byName: ReadonlyMap<string, Stage>): void {
  const sound = new Set<string>();
  const check = (name: string, path: readonly string[]): void => {
    if (sound.has(name)) {
      return;
    }
    const stage = byName.get(name);
    if (stage === undefined) {
      throw new Error(`stage ${path.at(-1)} needs ${name}, which is not a stage`);
    }
    if (path.includes(name)) {
      throw new Error(`stages need one another: ${[...path, name].join(" → ")}`);
    }
    for (const needed of [...stage.needs, ...(stage.settled ?? []), ...(stage.hopes?.for ?? [])]) {
      check(needed, [...path, name]);
    }
    sound.add(name);
  };
  for (const name of byName.keys()) {
    check(name, []);
  }
}
