import type { SparseDisk } from "../sparse-disk.ts";
import type { Entry } from "../write-log.ts";
import type { ContainerRecording } from "./record-containers.ts";

/** A cut somewhere in a long recording. */
export interface SampledCut {
  entries: number;
  /** After which operation had ended. */
  after: string;
  /** What is left of the writes since the last flush. */
  survivors: "none" | "all" | "half of the writes";
  /** All that was recorded: everything has to be there. */
  isLast: boolean;
  disk: SparseDisk;
}

const kinds = ["none", "all", "half of the writes"] as const;

/**
 * About `count` cuts, half of them spread over the writes and half over the flushes, so that neither the busy nor the
 * quiet times go short; and one at the very end.
 */
export function* sampledCuts(recording: ContainerRecording, count: number): Generator<SampledCut> {
  const { entries, firstEntry } = recording;
  const places = pickPlaces(entries, firstEntry, count);
  const durable = recording.start.copy();
  let pending: Extract<Entry, { kind: "write" }>[] = [];
  let picked = 0;
  for (let index = 0; index <= entries.length; index += 1) {
    if (places.has(index)) {
      const isLast = index === entries.length;
      const survivors = isLast ? "all" : (kinds[picked % kinds.length] ?? "all");
      const disk = durable.copy();
      for (const [place, { offsetBytes, content }] of pending.entries()) {
        if (survivors === "all" || (survivors === "half of the writes" && place % 2 === 0)) {
          disk.write(offsetBytes, content);
        }
      }
      picked += 1;
      const after = recording.ended.findLast((one) => one.entries <= index)?.name ?? "";
      yield { entries: index, after, survivors, isLast, disk };
    }
    const entry = entries[index];
    if (entry?.kind === "write") {
      pending.push(entry);
    } else if (entry !== undefined) {
      for (const { offsetBytes, content } of pending) {
        durable.write(offsetBytes, content);
      }
      pending = [];
    }
  }
}

function pickPlaces(entries: readonly Entry[], first: number, count: number): Set<number> {
  const flushes = entries.flatMap((entry, index) =>
    entry.kind === "flush" && index >= first ? [index] : [],
  );
  const half = Math.max(1, Math.ceil(count / 2));
  const places = new Set([entries.length]);
  for (let part = 0; part < half; part += 1) {
    places.add(first + Math.floor(((entries.length - first) * part) / half));
    // Just after the flush, when its writes are there and nothing else.
    const flush = flushes[Math.floor((flushes.length * part) / half)];
    if (flush !== undefined) {
      places.add(flush + 1);
    }
  }
  return places;
}
