import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { eventually } from "../harness/eventually.ts";
import type { TestMachine } from "../harness/test-machine.ts";

/** What every question of DHCP has in it (RFC 2131, 3). */
const dhcpCookie = Buffer.from([0x63, 0x82, 0x53, 0x63]);

const blockStats = z.array(
  z.looseObject({
    qdev: z.string().optional(),
    stats: z.looseObject({ rd_operations: z.number() }),
  }),
);

/** The disks that come late, and what the machine has sent into its network. */
interface Late {
  seed: string;
  disk: string;
  frames: string;
}

/**
 * Plugs in the NoCloud disk when the boot has asked for an address and waits for nothing but its data disk, and that one
 * when the first has been looked at.
 */
export async function plugWhileItWaits(
  machine: TestMachine,
  { seed, disk, frames }: Late,
): Promise<void> {
  await eventually(
    async () => existsSync(frames) && readFileSync(frames).includes(dhcpCookie),
    (hasAsked) => hasAsked,
  );
  const monitor = await machine.monitor();
  const add = (name: string, filename: string, readOnly: boolean) =>
    monitor.execute("blockdev-add", {
      driver: "raw",
      "node-name": name,
      "read-only": readOnly,
      file: { driver: "file", filename, "read-only": readOnly },
    });
  await add("seed", seed, true);
  const drive = { driver: "usb-storage", id: "seed", bus: "usb.0", drive: "seed" };
  await monitor.execute("device_add", drive);
  await eventually(
    async () => {
      const all = blockStats.parse(await monitor.execute("query-blockstats"));
      return all.find(({ qdev }) => qdev?.includes("/seed/"))?.stats.rd_operations ?? 0;
    },
    (reads) => reads > 0,
  );
  await add("data", disk, false);
  const data = { driver: "scsi-hd", id: "data", bus: "scsi.0", drive: "data" };
  await monitor.execute("device_add", data);
  monitor.close();
}
