import { beforeAll, describe, expect, test } from "vitest";
import { magicBeforeArchive } from "../../powercut/broken.ts";
import { type CutPoint, cutPoints } from "../../powercut/cut-points.ts";
import { type Recording, record } from "../../powercut/record.ts";
import type { Attached } from "./attached.ts";

/** Disks as a power cut leaves them, at a selection of cut points of one recorded boot. */
export function powerCutTests(attached: Attached): void {
  describe("after a power cut", () => {
    let recording: Recording;
    const cutsOf = (of: Recording) => [...cutPoints(of.start, of.entries, of.sectorBytes, () => 0)];

    beforeAll(async () => {
      const how = { name: "quick", sizeMiB: 128, sectorBytes: 512, start: "marked" } as const;
      recording = await record(how, attached.identity);
    });

    test("finds the disk, the keys and all files, at cut points all over the recording", async () => {
      const all = cutsOf(recording);
      const cuts = all.filter((_, index) => index % Math.ceil(all.length / 6) === 0);
      expect(cuts.length).toBeGreaterThan(4);
      for (const cut of cuts) {
        expect(await faultsAt(cut, recording)).toEqual([]);
      }
    });

    test("a set-up in the wrong order would be found out", async () => {
      const broken = magicBeforeArchive(recording);
      const { brokenFrom = 0 } = broken;
      const cut = cutsOf(broken).find(({ entries }) => entries > brokenFrom + 1);
      if (cut === undefined) {
        throw new Error("no cut point after the wrong write");
      }
      expect(await faultsAt(cut, broken)).toContain("the key is missing");
    });

    async function faultsAt(cut: CutPoint, of: Recording): Promise<string[]> {
      const { faults, said } = await attached.boots.try(cut, of);
      const where = `after flush ${cut.flushes}, surviving: ${cut.survivors}`;
      return faults.map((fault) =>
        `${fault} ${of === recording ? `(${where})\n${said}` : ""}`.trim(),
      );
    }
  });
}
