import { expect } from "vitest";
import { mebibyte } from "../../../agents/units/bytes.ts";
import { buses, sizeBytesOf, test } from "./attached.ts";

/** Each bus: the disk is set up, found again, and grown. */
export function busTests(): void {
  test.for(buses.map((bus, index) => ({ ...bus, index })))(
    "sets up the disk on $name with sectors of $sectorBytes bytes",
    async ({ index, sectorBytes }, { attached: { boots } }) => {
      const said = await boots.machine.root(`/run/on ${sizeBytesOf(index)}`);
      expect(said).toContain(`sectors of ${sectorBytes}`);
      expect(said).toContain("is set up as the data disk: it is blank");
      expect(said).toMatch(/^Filesystem .*\n\S+1 .* \/mnt\/\S+1$/m);
    },
  );

  test("finds it again and grows it when it was enlarged, and keeps what is on it", async ({
    attached: { boots },
  }) => {
    const index = buses.findIndex(({ name }) => name === "virtio-blk");
    const found = await boots.machine.root(`/run/on ${sizeBytesOf(index)} hello`);
    expect(found).toMatch(/^\/dev\/vd.1 on \/mnt\/vd.1; vd.1 is the data disk$/m);
    const sizeBytes = 300 * mebibyte;
    await boots.monitor.execute("block_resize", { device: `bus${index}`, size: sizeBytes });
    const said = await boots.machine.root(`/run/on ${sizeBytes}`);
    expect(said).toMatch(/grow partition 1 of vd. to \d+ bytes/);
    expect(said).toMatch(/^hello$/m);
    const [, sizeKib] = /1 +(\d+) .*\/mnt\//.exec(said) ?? [];
    expect(Number(sizeKib)).toBeGreaterThan(250 * 1024);
  });

  test("of all these disks with the label would use the one that this machine used last", async ({
    attached: { boots },
  }) => {
    const said = await boots.machine.root("automount --dry-run");
    expect(said).toMatch(/^vd.1 is the data disk: of several with the label it was used last/m);
  });
}
