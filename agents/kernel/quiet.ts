import type { Files } from "./files.ts";
import { hasMoved, type Progress, readProgress } from "./progress.ts";

/**
 * A deadline for what this machine does itself. It counts time in which nothing moves, since on a slow host all is
 * slow and nothing is wrong: a deadline of the clock would be reached while everything works.
 */
export interface Quiet {
  /** In a row, in which nothing was computed, read or written. */
  quietMs: number;
  /** Whatever moves: for what runs in a circle. Default `defaultMostMs`. */
  mostMs?: number;
}

/** Milliseconds on the clock, where something outside this machine is waited for; or those that are quiet. */
export type Limit = number | Quiet;

/** Far away: a check of a large disk on a very slow host. */
export const defaultMostMs = 30 * 60_000;

/** In how many parts a quiet time is looked at; what moves in the last one starts it anew. */
const looks = 8;

/** Why a wait ended without what it was for: nothing moved any more, or the most that it may take is over. */
export type Over = "quiet" | "most";

/** What looks need of the kernel. */
export type Looks = Pick<Files, "readTextIfPresent">;

/** "not finished after 5000 ms, the last 1000 of them without any progress" */
export function overText(over: Over, limit: Limit, tookMs: number): string {
  const tail =
    over === "quiet" && typeof limit !== "number" && tookMs > limit.quietMs * 1.5
      ? `, the last ${limit.quietMs} of them without any progress`
      : "";
  return `not finished after ${Math.round(tookMs)} ms${tail}`;
}

/**
 * Calls `onOver` once when the limit is reached. A machine that stood still as a whole (its host stopped it) finds
 * its timers over when it goes on: each look counts for its own part only, however late it comes. Nothing is read
 * before the first part is over, since nearly everything ends sooner.
 */
export function startLimit(
  files: Looks,
  limit: Limit,
  onOver: (over: Over) => void,
): { stop(): void } {
  if (typeof limit === "number") {
    const timer = setTimeout(() => onOver("most"), limit);
    return { stop: () => clearTimeout(timer) };
  }
  const { quietMs, mostMs = defaultMostMs } = limit;
  let timer: ReturnType<typeof setTimeout>;
  let leftMs = mostMs;
  let quiet = 0;
  let before: Progress | undefined;
  const next = (): void => {
    const partMs = Math.min(quietMs / looks, leftMs);
    const startedMs = performance.now();
    timer = setTimeout(() => {
      const after = readProgress(files);
      const elapsedMs = Math.max(partMs, performance.now() - startedMs);
      const moves = before !== undefined && hasMoved(before, after, elapsedMs);
      quiet = moves ? 0 : quiet + 1;
      before = after;
      leftMs -= partMs;
      if (quiet >= looks) {
        onOver("quiet");
      } else if (leftMs <= 0) {
        onOver("most");
      } else {
        next();
      }
    }, partMs);
  };
  next();
  return { stop: () => clearTimeout(timer) };
}

/** What comes first: `result`, or what `late` gives or throws when the limit is reached. */
export async function orStuck<T, L>(
  files: Looks,
  result: Promise<T>,
  limit: Limit,
  late: (over: Over) => L,
): Promise<T | L> {
  let started: { stop(): void } | undefined;
  const over = new Promise<Over>((resolve) => {
    started = startLimit(files, limit, resolve);
  });
  try {
    return await Promise.race([result, over.then(late)]);
  } finally {
    started?.stop();
  }
}
