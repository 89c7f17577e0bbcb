import type { Recording } from "./record.ts";
import type { Entry } from "./write-log.ts";

/**
 * Recordings as they would be if the agent did its work in a wrong order or forgot to flush: the lab has to find
 * each of them out, or it proves nothing.
 */

/** As if every flush from the first entry to before the last one were forgotten. */
function withoutFlushes(recording: Recording, from: number, to: number): Recording {
  const { entries, owed } = recording;
  const isLost = (entry: Entry, index: number) =>
    entry.kind === "flush" && index >= from && index < to;
  /** How many flushes are left of the first `flushes`. */
  const left = (flushes: number) => {
    let [seen, kept] = [0, 0];
    for (const [index, entry] of entries.entries()) {
      if (entry.kind !== "flush" || seen === flushes) {
        continue;
      }
      seen += 1;
      if (!isLost(entry, index)) {
        kept += 1;
      }
    }
    return kept;
  };
  return {
    ...recording,
    brokenFrom: from,
    entries: entries.filter((entry, index) => !isLost(entry, index)),
    owed: owed.map((one) => ({ ...one, flushes: left(one.flushes) })),
  };
}

/** Entries that write sector 0, in order: those of a set-up are the table and the clearing of the magic. */
function firstSectorWrites({ entries }: Recording): number[] {
  return entries.flatMap((entry, index) =>
    entry.kind === "write" && entry.offsetBytes === 0 ? [index] : [],
  );
}

function at(places: readonly number[], index: number): number {
  const place = places.at(index);
  if (place === undefined) {
    throw new Error("the recording has no such write of sector 0");
  }
  return place;
}

/** The table is written before the filesystem that it leads to is flushed. */
export function tableBeforeFilesystem(recording: Recording): Recording {
  const table = at(firstSectorWrites(recording), 0);
  return { ...withoutFlushes(recording, 0, table + 1), name: "table before filesystem" };
}

/** The magic is cleared before the archive is kept. */
export function magicBeforeArchive(recording: Recording): Recording {
  const places = firstSectorWrites(recording);
  const [table, clear] = [at(places, 0), at(places, -1)];
  const { entries } = recording;
  const cleared = entries.slice(clear, clear + 2);
  const rest = [...entries.slice(table + 2, clear), ...entries.slice(clear + 2)];
  return {
    ...recording,
    brokenFrom: table + 2,
    name: "magic cleared before the archive is kept",
    entries: [...entries.slice(0, table + 2), ...cleared, ...rest],
    owed: [],
  };
}

/** The archive is not flushed before the magic is cleared. */
export function archiveNotFlushed(recording: Recording): Recording {
  const places = firstSectorWrites(recording);
  const broken = withoutFlushes(recording, at(places, 0) + 2, at(places, -1));
  return { ...broken, name: "archive not flushed", owed: [] };
}

/** The last file was said to be safe without a flush. */
export function lastFileNotFlushed(recording: Recording): Recording {
  const [before, last] = recording.owed.slice(-2).map(({ flushes }) => flushes);
  const flushPlaces = recording.entries.flatMap((entry, index) =>
    entry.kind === "flush" ? [index] : [],
  );
  const from = flushPlaces[before ?? 0] ?? 0;
  const to = (flushPlaces[(last ?? 0) - 1] ?? 0) + 1;
  return { ...withoutFlushes(recording, from, to), name: "last file not flushed" };
}

export const breakages = [
  tableBeforeFilesystem,
  magicBeforeArchive,
  archiveNotFlushed,
  lastFileNotFlushed,
] as const;
