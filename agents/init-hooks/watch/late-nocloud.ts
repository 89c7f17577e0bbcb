import type { Uevent } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { wasReadWithoutNoCloud } from "../../provision/read-provisions.ts";

const blkidTimeout = { quietMs: 10_000 };

/**
 * Says on the console that a NoCloud disk has come when its keys, name and network had been looked for in vain: nothing
 * of it counts before the next boot, since a disk that is put into a machine that runs lets nobody in.
 */
export async function sayLateNoCloud(kernel: Kernel, event: Uevent): Promise<void> {
  const { SUBSYSTEM: subsystem, DEVNAME: name } = event.values;
  const isThere = event.action === "add" || event.action === "change";
  if (!isThere || subsystem !== "block" || name === undefined || /^(loop|ram|zram)/.test(name)) {
    return;
  }
  if (!wasReadWithoutNoCloud(kernel)) {
    return;
  }
  // By another process: a disk that doesn't answer would hold this one.
  const wanted = ["TYPE", "LABEL", "LABEL_FATBOOT"].flatMap((tag) => ["-s", tag]);
  const argv = ["blkid", "-p", "-o", "value", ...wanted, "--", `/dev/${name}`];
  const { stdout } = await kernel.run(argv, { timeoutMs: blkidTimeout });
  if (/^cidata$/im.test(stdout) && /^(vfat|iso9660)$/m.test(stdout)) {
    kernel.tellConsole(
      `the NoCloud disk /dev/${name} came after this boot had looked for one: its keys, name and network count from the next boot on`,
    );
  }
}
