import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { archiveNotFlushed, lastFileNotFlushed, magicBeforeArchive } from "./broken.ts";
import { cutPoints } from "./cut-points.ts";
import type { Recording } from "./record.ts";
import { SparseDisk } from "./sparse-disk.ts";
import { type Entry, readWriteLog } from "./write-log.ts";

const sectorBytes = 512;
const sector = (fill: number, count = 1) => new Uint8Array(sectorBytes * count).fill(fill);
const write = (at: number, fill: number, count = 1): Entry => ({
  kind: "write",
  offsetBytes: at * sectorBytes,
  content: sector(fill, count),
});
const flush: Entry = { kind: "flush" };

interface Raw {
  sector: number;
  sectors: number;
  flags: number;
}

/** A log as QEMU writes it. */
function logOf(entries: Raw[], leastCount = entries.length): Buffer {
  const first = Buffer.alloc(sectorBytes);
  first.writeBigUInt64LE(0x6a736677736872n, 0);
  first.writeBigUInt64LE(1n, 8);
  first.writeBigUInt64LE(BigInt(leastCount), 16);
  first.writeUInt32LE(sectorBytes, 24);
  const rest = entries.map((entry) => {
    const header = Buffer.alloc(sectorBytes);
    header.writeBigUInt64LE(BigInt(entry.sector), 0);
    header.writeBigUInt64LE(BigInt(entry.sectors), 8);
    header.writeBigUInt64LE(BigInt(entry.flags), 16);
    return Buffer.concat([header, sector(7, entry.sectors)]);
  });
  return Buffer.concat([first, ...rest]);
}

describe("the log of writes", () => {
  test("gives writes and flushes in their order, and stops at the first empty sector", () => {
    const log = logOf([
      { sector: 8, sectors: 2, flags: 0 },
      { sector: 0, sectors: 0, flags: 1 },
    ]);
    const entries = readWriteLog(Buffer.concat([log, sector(0, 4)]));
    expect(entries).toMatchObject([{ kind: "write", offsetBytes: 4096 }, { kind: "flush" }]);
    expect(entries[0]).toMatchObject({ content: Buffer.from(sector(7, 2)) });
  });

  test.each([
    ["a discard", logOf([{ sector: 8, sectors: 0, flags: 4 }]), "flags 4"],
    ["a hole", Buffer.concat([logOf([], 3), sector(0, 9)]), "there are 3"],
    ["something else", Buffer.alloc(4096), "blklogwrites"],
  ])("with %s is not taken for a recording", (_, log, why) => {
    expect(() => readWriteLog(log)).toThrow(why);
  });
});

describe("the cut points", () => {
  const entries = [write(1, 1), flush, write(2, 2), write(3, 3), flush, write(2, 9)];
  const all = (owed: (flushes: number) => number = () => 0) => [
    ...cutPoints(new SparseDisk(2 ** 20), entries, sectorBytes, owed),
  ];
  const shown = (disk: SparseDisk) =>
    [1, 2, 3].map((at) => disk.read(at * sectorBytes, 1)[0]).join("");

  test("are the disk at each flush, and with each subset of what came after it, once", () => {
    const states = all().map(({ disk, flushes }) => `${flushes} ${shown(disk)}`);
    expect(new Set(states).size).toBe(states.length);
    for (const state of ["0 000", "0 100", "1 120", "1 103", "1 123", "2 193"]) {
      expect(states).toContain(state);
    }
    expect(states.filter((state) => state.startsWith("2 "))).toEqual(["2 193"]);
  });

  test("come once more where the same bytes owe more", () => {
    const more = all((flushes) => (flushes >= 2 ? 1 : 0)).map(({ flushes }) => flushes);
    expect(more.filter((flushes) => flushes === 2).length).toBe(2);
  });

  test("tear writes of several sectors", () => {
    const torn = [...cutPoints(new SparseDisk(2 ** 20), [write(1, 5, 3)], sectorBytes, () => 0)];
    expect(torn.map(({ disk }) => shown(disk))).toContain("505");
  });
});

test("a disk is saved as it is, however its bytes lie", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-sparse-"));
  try {
    const disk = new SparseDisk(4 * 2 ** 20);
    const expected = Buffer.alloc(4 * 2 ** 20);
    const places = [
      [100, 9],
      [4096, 1_500_000],
      [2 ** 21 + 4000, 200],
      [4 * 2 ** 20 - 512, 512],
    ] as const;
    for (const [index, [offset, length]] of places.entries()) {
      const content = Buffer.alloc(length, index + 1);
      disk.write(offset, content);
      content.copy(expected, offset);
    }
    disk.write(8192, Buffer.alloc(4096));
    expected.fill(0, 8192, 12288);
    const file = path.join(folder, "disk.raw");
    await disk.save(file);
    expect(Buffer.compare(await readFile(file), expected)).toBe(0);
    expect(Buffer.compare(disk.read(0, 4 * 2 ** 20), expected)).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe("a recording broken on purpose", () => {
  const recording: Recording = {
    ...{
      name: "x",
      sectorBytes,
      dataOffsetBytes: 0,
      start: new SparseDisk(2 ** 20),
      key: "k",
      every: 1,
    },
    // Filesystem; table; archive; clearing of the magic; two files.
    entries: [
      ...[write(8, 1), flush, write(0, 2), flush, write(9, 3), flush, write(0, 4), flush],
      ...[write(10, 5), flush, write(11, 6), flush],
    ],
    owed: [
      { flushes: 5, path: "one", content: "" },
      { flushes: 6, path: "two", content: "" },
    ],
  };
  const order = ({ entries }: Recording) =>
    entries.map((entry) => (entry.kind === "flush" ? "-" : String(entry.content[0]))).join("");

  test("has the steps in the wrong order, or lacks flushes, and owes what it owed", () => {
    expect(order(recording)).toBe("1-2-3-4-5-6-");
    expect(order(magicBeforeArchive(recording))).toBe("1-2-4-3-5-6-");
    expect(order(archiveNotFlushed(recording))).toBe("1-2-34-5-6-");
    const unsafe = lastFileNotFlushed(recording);
    expect(order(unsafe)).toBe("1-2-3-4-5-6");
    expect(unsafe.owed.map(({ flushes }) => flushes)).toEqual([5, 5]);
  });
});
