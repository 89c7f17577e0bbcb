import { describe, expect } from "vitest";
import { magicBeforeArchive } from "../../powercut/broken.ts";
import { type CutPoint, cutPoints } from "../../powercut/cut-points.ts";
import type { NextBoots } from "../../powercut/next-boot.ts";
import { type Recording, record } from "../../powercut/record.ts";
import { test } from "./attached.ts";

/** Disks as a power cut leaves them, at a selection of cut points of one recorded boot. */
export function powerCutTests(): void {
  describe("after a power cut", () => {
    let recording: Recording;
    const cutsOf = (of: Recording) => [...cutPoints(of.start, of.entries, of.sectorBytes, () => 0)];

    test.beforeAll(async ({ attached: { identity } }) => {
      const how = { name: "quick", sizeMiB: 128, sectorBytes: 512, start: "marked" } as const;
      recording = await record(how, identity);
    });

    test("finds the disk, the keys and all files, at cut points all over the recording", async ({
      attached: { boots },
    }) => {
      const all = cutsOf(recording);
      const cuts = all.filter((_, index) => index % Math.ceil(all.length / 6) === 0);
      expect(cuts.length).toBeGreaterThan(4);
      for (const cut of cuts) {
        expect(await faultsAt(boots, cut, recording)).toEqual([]);
      }
    });

    test("a set-up in the wrong order would be found out", async ({ attached: { boots } }) => {
      const broken = magicBeforeArchive(recording);
      const { brokenFrom = 0 } = broken;
      const cut = cutsOf(broken).find(({ entries }) => entries > brokenFrom + 1);
      if (cut === undefined) {
        throw new Error("no cut point after the wrong write");
      }
      expect(await faultsAt(boots, cut, broken)).toContain("the key is missing");
    });

    async function faultsAt(boots: NextBoots, cut: CutPoint, of: Recording): Promise<string[]> {
      const { faults, said } = await boots.try(cut, of);
      const where = `after flush ${cut.flushes}, surviving: ${cut.survivors}`;
      return faults.map((fault) =>
        `${fault} ${of === recording ? `(${where})\n${said}` : ""}`.trim(),
      );
    }
  });
}
