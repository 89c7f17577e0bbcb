import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { findNoCloud } from "./find-nocloud.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "seeds-"));
  writeFileSync(path.join(folder, "user-data"), "#cloud-config\n");
  writeFileSync(path.join(folder, "meta-data"), "instance-id: i\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What tools write for `image`; mkfs.vfat and the like are not on everybody's path. */
function made(...commands: string[][]): Uint8Array {
  const image = path.join(folder, "image");
  rmSync(image, { force: true });
  for (const [program = "", ...words] of commands) {
    execFileSync(program, words, {
      cwd: folder,
      stdio: "pipe",
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, MTOOLS_SKIP_CHECK: "1" },
    });
  }
  return readFileSync(image);
}

const seedFiles = ["user-data", "meta-data"];
const blank = (size: string) => ["truncate", "-s", size, "image"];
/** Overwrites the label of the boot sector, as it is where only Windows has given one. */
const noBootLabel = (at: number) => [
  ...["sh", "-c"],
  `printf 'NO NAME    ' | dd of=image bs=1 seek=${at} conv=notrunc`,
];

const tools: [name: string, type: string | undefined, commands: string[][]][] = [
  ["cloud-localds", "iso9660", [["cloud-localds", "image", ...seedFiles]]],
  ["cloud-localds, FAT", "vfat", [["cloud-localds", "-f", "vfat", "image", ...seedFiles]]],
  [
    "genisoimage -J -r",
    "iso9660",
    [["genisoimage", "-quiet", "-o", "image", "-V", "cidata", "-J", "-r", ...seedFiles]],
  ],
  [
    "genisoimage -J alone, in capitals",
    "iso9660",
    [["genisoimage", "-quiet", "-o", "image", "-V", "CIDATA", "-J", ...seedFiles]],
  ],
  [
    "xorriso",
    "iso9660",
    [
      [
        "xorriso",
        "-as",
        "mkisofs",
        "-quiet",
        "-V",
        "cidata",
        "-J",
        "-r",
        "-o",
        "image",
        ...seedFiles,
      ],
    ],
  ],
  ["mkfs.vfat, FAT12", "vfat", [blank("2M"), ["mkfs.vfat", "-F12", "-n", "CIDATA", "image"]]],
  ["mkfs.vfat, FAT16", "vfat", [blank("20M"), ["mkfs.vfat", "-F16", "-n", "CIDATA", "image"]]],
  [
    "mkfs.vfat, FAT32, small letters",
    "vfat",
    [blank("40M"), ["mkfs.vfat", "-F32", "-n", "cidata", "image"]],
  ],
  [
    "FAT16 with its label in the root folder only",
    "vfat",
    [blank("20M"), ["mkfs.vfat", "-F16", "-n", "CIDATA", "image"], noBootLabel(43)],
  ],
  [
    "FAT32 with its label in the root folder only",
    "vfat",
    [blank("40M"), ["mkfs.vfat", "-F32", "-n", "CIDATA", "image"], noBootLabel(71)],
  ],
  [
    "FAT whose label was set later",
    "vfat",
    [blank("20M"), ["mkfs.vfat", "image"], ["mlabel", "-i", "image", "::cidata"]],
  ],
  [
    "FAT with 4096-byte sectors",
    "vfat",
    [blank("40M"), ["mkfs.vfat", "-S4096", "-n", "CIDATA", "image"]],
  ],
  [
    "FAT that was renamed",
    undefined,
    [
      blank("20M"),
      ["mkfs.vfat", "-F16", "-n", "OTHER", "image"],
      ["sh", "-c", "printf 'CIDATA     ' | dd of=image bs=1 seek=43 conv=notrunc"],
    ],
  ],
  ["FAT without a label", undefined, [blank("20M"), ["mkfs.vfat", "image"]]],
  [
    "an ISO of another name",
    undefined,
    [["genisoimage", "-quiet", "-o", "image", "-V", "cidata2", "-J", "-r", ...seedFiles]],
  ],
  ["ext4 of that label", undefined, [blank("4M"), ["mkfs.ext4", "-q", "-L", "cidata", "image"]]],
  ["nothing", undefined, [blank("1M")]],
];

describe("a seed disk made by", () => {
  test.each(tools)("%s is seen as %s", (_, type, commands) => {
    const kernel = new FakeKernel().lay({ "/sys/block/vdb": null });
    kernel.addBlockDevice("/dev/vdb", made(...commands));
    expect(findNoCloud(kernel)).toEqual(
      type === undefined ? undefined : { node: "/dev/vdb", type },
    );
  });

  test("Joliet's label counts where the primary one is another", () => {
    const image = Buffer.from(
      made(["genisoimage", "-quiet", "-o", "image", "-V", "cidata", "-J", ...seedFiles]),
    );
    image.write("CDROM ", 32_768 + 40, "latin1");
    const kernel = new FakeKernel().lay({ "/sys/block/sr0": null });
    kernel.addBlockDevice("/dev/sr0", image);
    expect(findNoCloud(kernel)?.node).toBe("/dev/sr0");
  });

  test("fdisk and mkfs.vfat on a partition is found there", () => {
    const kernel = new FakeKernel().lay({
      "/sys/block/sda/sda1/partition": "1\n",
      "/sys/block/sda/queue": null,
      "/sys/block/loop0": null,
    });
    kernel.addBlockDevice(
      "/dev/sda",
      made(blank("8M"), ["sh", "-c", "echo ,,c | sfdisk -q image"]),
    );
    kernel.addBlockDevice("/dev/sda1", made(blank("7M"), ["mkfs.vfat", "-n", "CIDATA", "image"]));
    expect(findNoCloud(kernel)).toEqual({ node: "/dev/sda1", type: "vfat" });
  });

  test("a drive that can't be read is passed over", () => {
    const kernel = new FakeKernel().lay({ "/sys/block/sr0": null, "/sys/block/vdb": null });
    kernel
      .addBlockDevice("/dev/sr0", Buffer.alloc(10))
      .failOn("openBlockDevice", "/dev/sr0", "EIO");
    kernel.addBlockDevice("/dev/vdb", made(["cloud-localds", "image", ...seedFiles]));
    expect(findNoCloud(kernel)?.node).toBe("/dev/vdb");
  });
});
