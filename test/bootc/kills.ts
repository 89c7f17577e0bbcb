import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../vm/harness/eventually.ts";
import { type Laboratory, oneProcessor, standIn, told } from "./laboratory.ts";

/** Commands that end as by a power cut of this host. */
export async function kills(lab: Laboratory): Promise<void> {
  const id = await lab.idOf(standIn);
  const place = lab.placeOf(id);
  const isPlugged = async () => (await lab.builds("cat /sys/block/*/serial")).includes("bootc-");
  await lab.bootc("rm", "-f", id);
  const quick = ["run", "--ephemeral", ...oneProcessor, standIn, "true"];
  const moments: [string, string[], () => Promise<boolean>][] = [
    [
      "before the disk is plugged in",
      quick,
      async () => existsSync(path.join(place, "ephemeral.new")),
    ],
    ["while its files are written", quick, isPlugged],
    ["while it is installed", ["run", "--quiet", standIn, "true"], isPlugged],
    ["when its QEMU has just started", quick, async () => existsSync(path.join(place, "run.pid"))],
  ];
  for (const [moment, words, isThere] of moments) {
    const killed = lab.going(...words);
    await eventually(
      async () => killed.child.exitCode !== null || (await isThere()),
      Boolean,
      3_600_000,
    );
    lab.check(
      killed.child.exitCode === null,
      `killed ${moment}: it hadn't ended by then`,
      killed.said(),
    );
    await killed.end("SIGKILL");
    const named = existsSync(place) ? await readdir(place) : [];
    lab.check(
      !named.includes("disk.raw"),
      `killed ${moment}: nothing half-made has its name`,
      named.join("\n"),
    );
  }
  const listed = await lab.bootc("list");
  lab.check(
    new RegExp(`^${id.slice(0, 12)} +${standIn} .* true +\\d+$`, "m").test(listed.stdout),
    "the machine of a killed command is listed while it runs",
    told(listed),
  );
  const removed = await lab.bootc("rm", "-f", id.slice(0, 12));
  lab.check(removed.exitCode === 0, "what a killed command started can be removed", told(removed));
  lab.check(!(await isPlugged()), "and no disk of it stays plugged in", removed.stderr);
}
