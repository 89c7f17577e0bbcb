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

/** What ext4 may have besides what mke2fs.conf gives it; none of them keeps another out (mke2fs refuses such pairs). */
const rareFeatures = [
  ...[
    "mmp",
    "quota",
    "project",
    "casefold",
    "encrypt",
    "verity",
    "inline_data",
    "bigalloc",
    "ea_inode",
  ],
  ...["metadata_csum_seed", "orphan_file", "large_dir", "fast_commit", "stable_inodes"],
];

/** A filesystem with everything that ext4 can have. */
export function featuresTests(): void {
  test("uses an ext4 with every feature that the kernel mounts, with quotas and with protection against two hosts", async ({
    attached: { boots, identity },
  }) => {
    const image = path.join(identity.folder, "features.raw");
    await runOk(["mke2fs", "-q", "-t", "ext4", "-O", rareFeatures.join(","), image, "256M"]);
    const said = await boots.with(image, 512, "/run/on");
    expect(said).toMatch(/is the data disk, an ext4 without a label and the only one/);
    expect(said).not.toMatch(/read-only/);
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
