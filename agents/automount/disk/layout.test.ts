import { describe, expect, test } from "vitest";
import { mebibyte, tebibyte } from "../../units/bytes.ts";
import type { TableEntry } from "../content/content.ts";
import { disk, table } from "../plan/made-disks.testing.ts";
import { isOurTable, layoutOf } from "./layout.ts";

describe("the layout", () => {
  test.each([
    [64 * mebibyte, 512, { table: "dos", startBytes: mebibyte, sizeBytes: 63 * mebibyte }],
    [64 * mebibyte + 4608, 512, { table: "dos", startBytes: mebibyte, sizeBytes: 63 * mebibyte }],
    [
      2 * tebibyte - 512,
      512,
      { table: "dos", startBytes: mebibyte, sizeBytes: 2 * tebibyte - 2 * mebibyte },
    ],
    [
      2 * tebibyte,
      512,
      { table: "gpt", startBytes: 2 * mebibyte, sizeBytes: 2 * tebibyte - 3 * mebibyte },
    ],
    [
      2 * tebibyte,
      4096,
      { table: "dos", startBytes: mebibyte, sizeBytes: 2 * tebibyte - mebibyte },
    ],
    [
      20 * tebibyte,
      4096,
      { table: "dos", startBytes: mebibyte, sizeBytes: 16 * tebibyte - 2 * mebibyte },
    ],
  ])("of %i bytes in sectors of %i", (sizeBytes, sectorBytes, expected) => {
    expect(layoutOf({ sizeBytes, sectorBytes })).toEqual(expected);
  });

  test("never reaches beyond the disk or the count of sectors, and leaves the archive's MiB free", () => {
    for (const sectorBytes of [512, 1024, 2048, 4096]) {
      for (
        let sizeBytes = 64 * mebibyte;
        sizeBytes < 64 * tebibyte;
        sizeBytes = sizeBytes * 1.7 + 512
      ) {
        const whole = Math.floor(sizeBytes / sectorBytes) * sectorBytes;
        const layout = layoutOf({ sizeBytes: whole, sectorBytes });
        const end = layout.startBytes + layout.sizeBytes;
        expect(layout.startBytes).toBeGreaterThanOrEqual(mebibyte);
        expect(end).toBeLessThanOrEqual(layout.table === "gpt" ? whole - 33 * 512 : whole);
        expect([layout.startBytes % 4096, layout.sizeBytes % 4096]).toEqual([0, 0]);
        if (layout.table === "dos") {
          expect(end / sectorBytes).toBeLessThan(2 ** 32);
        }
      }
    }
  });
});

describe("a table", () => {
  const ours: TableEntry = {
    number: 1,
    startBytes: mebibyte,
    sizeBytes: 8 * mebibyte,
    typeCode: "83",
  };
  const withEntries = (...entries: TableEntry[]) =>
    disk("sda", { content: table("dos", ...entries) });

  test("that we wrote is ours, also on a disk that has grown since", () => {
    expect(isOurTable(withEntries(ours))).toBe(true);
  });

  test.each([
    ["two partitions", [ours, { ...ours, number: 2 }]],
    ["no partition", []],
    ["another number", [{ ...ours, number: 2 }]],
    ["another start", [{ ...ours, startBytes: 2 * mebibyte }]],
    ["another type", [{ ...ours, typeCode: "07" }]],
    ["a size that we don't make", [{ ...ours, sizeBytes: 8 * mebibyte + 512 }]],
    ["an end beyond the disk", [{ ...ours, sizeBytes: tebibyte }]],
  ])("with %s is not", (_, entries) => {
    expect(isOurTable(withEntries(...entries))).toBe(false);
  });
});
