import { copyFile, open } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { mebibyte } from "../../../agents/units/bytes.ts";
import { SparseDisk } from "../../powercut/sparse-disk.ts";
import { runOk } from "../harness/run.ts";
import { test } from "./attached.ts";

/** Disks that are not for us to set up, while no disk is ours yet. */
export function untouchedTests(): void {
  test("touches none of the disks: they are several", async ({ attached: { boots } }) => {
    expect(await boots.machine.root("boot2podman status")).toMatch(
      /^automount +skipped .*several strictly blank disks/m,
    );
    expect(await boots.machine.root("grep -c ' ext4 ' /proc/mounts || true")).toBe("0");
  });

  test("uses a single ext4 without a label as it is, beside them", async ({
    attached: { boots, identity },
  }) => {
    const image = path.join(identity.folder, "plain.raw");
    const tree = path.join(identity.folder, "plain");
    await runOk(["mkdir", "-p", `${tree}/mine`]);
    await runOk(["mke2fs", "-q", "-t", "ext4", "-d", tree, image, "64M"]);
    const said = await boots.with(image, 512, "/run/on");
    expect(said).toMatch(/is the data disk, an ext4 without a label and the only one/);
    expect(said).toMatch(/^mine$/m);
    expect(await runOk(["dumpe2fs", "-h", image])).toMatch(/volume name: +<none>/);
  });
}

/** A table of partitions that somebody else made. */
export function foreignTableTests(): void {
  test("leaves a table of others as it is when their disk was enlarged, and uses the filesystem", async ({
    attached: { boots, identity },
  }) => {
    const image = path.join(identity.folder, "foreign.raw");
    const disk = new SparseDisk(160 * mebibyte);
    await disk.save(image);
    await runOk(["sfdisk", "-q", image], {
      input: "label: gpt\nstart=4096, size=204800, name=theirs\n",
    });
    const data = path.join(identity.folder, "data.ext4");
    await runOk(["mke2fs", "-q", "-t", "ext4", "-L", "boot2podman-data", data, "100M"]);
    await runOk(["dd", `if=${data}`, `of=${image}`, "bs=1M", "seek=2", "conv=notrunc"]);
    const handle = await open(image, "r+");
    await handle.truncate(400 * mebibyte);
    await handle.close();
    await copyFile(image, `${image}.before`);
    const said = await boots.with(image, 512, `/run/on ${400 * mebibyte}`);
    expect(said).toMatch(/1 is the data disk$/m);
    expect(said).not.toContain("grow");
    const table = async (name: string) =>
      runOk(["dd", `if=${name}`, "bs=512", "count=34", "status=none"]);
    expect(await table(image)).toBe(await table(`${image}.before`));
  });
}
