import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { findStateMount, stateFolder } from "../../kernel/state-folder.ts";

/** All files of the image have one time: that of its packages. */
const imagePath = "/usr/lib/os-release";
/** Podman writes its lists there. */
const storageFolder = "/var/lib/containers/storage";
/** A file is never so much younger than the image: its time was written by a wrong clock (systemd's bound is the same). */
const longestUseMs = 15 * 365.25 * 24 * 3_600_000;

/** From one time to another, by one clock. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** The time of this boot so far, as the clock has it now. */
export function spanOfThisBoot(kernel: Kernel): Span {
  const toMs = kernel.nowMs();
  return { fromMs: toMs - kernel.uptimeMs(), toMs };
}

/** A time that lies in the past for certain, and by what it is known. */
export interface KnownTime {
  ms: number;
  by: "the image's date" | "the last time written on the data disk";
}

/** What to set a clock to that is before what is known; undefined when it isn't. The latest of the known counts; pure. */
export function planEarliest(nowMs: number, known: readonly KnownTime[]): KnownTime | undefined {
  const imageMs = known.find(({ by }) => by === "the image's date")?.ms ?? 0;
  const [latest] = known
    .filter(({ ms }) => ms <= imageMs + longestUseMs)
    .toSorted((a, b) => b.ms - a.ms);
  return latest !== undefined && nowMs < latest.ms ? latest : undefined;
}

/**
 * Sets a clock that can't be right (an empty battery shows 2000) to the latest time that is known to have been, so that
 * certificates are valid until a time server says more. Gives what it did, in words; undefined when there was nothing to do.
 * What was written in `thisBoot` tells no more than the clock itself.
 */
export function raiseClock(
  kernel: Kernel,
  thisBoot: Span = spanOfThisBoot(kernel),
): string | undefined {
  const nowMs = kernel.nowMs();
  const earliest = planEarliest(nowMs, knownTimes(kernel, thisBoot));
  if (earliest === undefined) {
    return undefined;
  }
  kernel.stepTime(earliest.ms - nowMs);
  return `the clock said ${shown(nowMs)} and was set to ${earliest.by}, ${shown(earliest.ms)}, until a time server answers`;
}

/** The same where a clock that can't be set is no reason to stop: what went wrong is said instead. */
export function tryToRaiseClock(kernel: Kernel): string | undefined {
  try {
    return raiseClock(kernel);
  } catch (error) {
    return `the clock may be wrong: ${oneLine(error)}`;
  }
}

function knownTimes(kernel: Kernel, thisBoot: Span): KnownTime[] {
  const image = kernel.stat(imagePath)?.mtimeMs;
  const written =
    findStateMount(kernel.mounts()) === undefined ? undefined : lastWritten(kernel, thisBoot);
  return [
    ...(image === undefined ? [] : [{ ms: image, by: "the image's date" as const }]),
    ...(written === undefined
      ? []
      : [{ ms: written, by: "the last time written on the data disk" as const }]),
  ];
}

function lastWritten(kernel: Kernel, { fromMs, toMs }: Span): number | undefined {
  const entries = (folder: string) =>
    kernel.lstat(folder)?.kind === "folder"
      ? kernel.listNoFollow(folder).map((name) => `${folder}/${name}`)
      : [];
  const kept = entries(stateFolder);
  const inside = kept.flatMap(entries);
  const times = [...kept, ...inside, ...entries(storageFolder)]
    .flatMap((path) => kernel.lstat(path)?.mtimeMs ?? [])
    .filter((ms) => ms < fromMs || ms > toMs);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** "2026-11-20 14:34 UTC" */
function shown(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
