import type { SparseDisk } from "./sparse-disk.ts";
import type { Entry } from "./write-log.ts";

/** The moment when the power goes, and what of the writes that were not flushed has reached the platter. */
export interface CutPoint {
  /** Entries of the log before the cut. */
  entries: number;
  /** How many flushes are among them. */
  flushes: number;
  survivors: string;
  disk: SparseDisk;
}

interface Write {
  offsetBytes: number;
  content: Uint8Array;
}

/** A disk writes a sector whole or not at all: the one at `index` of all that the group wrote, by its write `write`. */
interface Subset {
  name: string;
  survives(write: number, index: number): boolean;
}

/** What may be left of `writes` writes: beside the plain cases, sectors at random, the same in every run. */
function subsets(writes: number, seed: number): Subset[] {
  const half = writes / 2;
  const random = (share: number, salt: number): Subset => ({
    name: `${share * 100} % of the sectors, at random (${salt})`,
    survives: (_write, index) => noise(seed * 1009 + salt, index) < share,
  });
  return [
    { name: "all", survives: () => true },
    { name: "the first half of the writes", survives: (write) => write < half },
    { name: "the second half of the writes", survives: (write) => write >= half },
    { name: "the last write alone", survives: (write) => write === writes - 1 },
    { name: "all but the first write", survives: (write) => write > 0 },
    { name: "all but the last write", survives: (write) => write < writes - 1 },
    { name: "every other sector", survives: (_write, index) => index % 2 === 0 },
    random(0.5, 1),
    random(0.9, 2),
    random(0.1, 3),
  ];
}

/** A number from 0 to 1 that depends on nothing but the two given. */
function noise(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

/** What of the writes survives, neighbouring sectors in one: a set-up of a large disk writes 100 MiB in one group. */
function* surviving(
  writes: readonly Write[],
  sectorBytes: number,
  { survives }: Subset,
): Generator<Write> {
  let index = 0;
  for (const [write, { offsetBytes, content }] of writes.entries()) {
    let from: number | undefined;
    for (let at = 0; at <= content.length; at += sectorBytes) {
      const isLeft = at < content.length && survives(write, index++);
      if (isLeft) {
        from ??= at;
      } else if (from !== undefined) {
        yield { offsetBytes: offsetBytes + from, content: content.subarray(from, at) };
        from = undefined;
      }
    }
  }
}

/**
 * All cut points of a log: after each flush with nothing else on the platter, and before the next one with each
 * subset of what came in between. Cuts that leave the same bytes and owe the same (`owed` gives how much, by the
 * flushes so far) are given once.
 */
export function* cutPoints(
  start: SparseDisk,
  entries: readonly Entry[],
  sectorBytes: number,
  owed: (flushes: number) => number,
): Generator<CutPoint> {
  const seen = new Set<string>();
  const durable = start.copy();
  let writes: Write[] = [];
  let flushes = 0;
  const fresh = (disk: SparseDisk) => {
    const fingerprint = `${owed(flushes)} ${disk.fingerprint()}`;
    if (seen.has(fingerprint)) {
      return false;
    }
    seen.add(fingerprint);
    return true;
  };
  for (let index = 0; index <= entries.length; index += 1) {
    const entry = entries[index];
    if (entry?.kind === "write") {
      writes.push(entry);
      continue;
    }
    const cut = { entries: index, flushes };
    if (fresh(durable)) {
      yield { ...cut, survivors: "none", disk: durable.copy() };
    }
    for (const subset of writes.length === 0 ? [] : subsets(writes.length, flushes)) {
      const disk = durable.copy();
      for (const { offsetBytes, content } of surviving(writes, sectorBytes, subset)) {
        disk.write(offsetBytes, content);
      }
      if (fresh(disk)) {
        yield { ...cut, survivors: subset.name, disk };
      }
    }
    for (const { offsetBytes, content } of writes) {
      durable.write(offsetBytes, content);
    }
    writes = [];
    flushes += 1;
  }
}
